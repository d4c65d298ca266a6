import { useState } from "react";

const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const slot = "mema.theme";

function readTheme(): Theme {
  const kept = localStorage.getItem(slot);
  return themes.find((theme) => theme === kept) ?? "auto";
}

export function applyTheme(theme: Theme = readTheme()): void {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

/** The chosen look, and how to change it: the system's, light or dark. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(readTheme);
  const change = (next: Theme) => {
    localStorage.setItem(slot, next);
    applyTheme(next);
    setTheme(next);
  };
  return [theme, change];
}
