export type KeySlot = "user" | "admin";

const nameOf = (slot: KeySlot) => `mema.${slot}-key`;

/** The key this page uses, from this tab or, when the person asked for it, from this device. */
export const readKey = (slot: KeySlot): string | null => sessionStorage.getItem(nameOf(slot)) ?? localStorage.getItem(nameOf(slot));

/** Keeps a key until the tab is closed, or on the device until sign-out. */
export function keepKey(slot: KeySlot, key: string, onThisDevice: boolean): void {
  forgetKey(slot);
  (onThisDevice ? localStorage : sessionStorage).setItem(nameOf(slot), key);
}

export function forgetKey(slot: KeySlot): void {
  sessionStorage.removeItem(nameOf(slot));
  localStorage.removeItem(nameOf(slot));
}

/**
 * The key of a sign-in link, `/#key=mema_...`. The part after # is never sent to a server; here it also leaves the address bar and the
 * browser's history before anything else happens.
 */
export function takeKeyFromAddress(): string | null {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (key === null) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return key.trim() === "" ? null : key.trim();
}
