const paths = {
  talk: "M4 5h16v11H9l-5 4z",
  memory: "M5 4h11l3 3v13H5zM8 9h8M8 13h8M8 17h5",
  people:
    "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7M2.500 20c.5-4 3-6 6.500-6s6 2 6.500 6M16 4.500a3 3 0 0 1 0 6M18 14.500c2 .8 3.200 2.700 3.500 5.500",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l1.500 2h-15zM10 21h4",
  key: "M14.500 9.500m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0M11 13l-7 7M6 18l2.500 2.500",
  pulse: "M3 12h4l3-7 4 14 3-7h4",
  search: "M11 11m-6.500 0a6.500 6.500 0 1 0 13 0a6.500 6.500 0 1 0-13 0M16 16l4.500 4.500",
  close: "M6 6l12 12M18 6L6 18",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  sun: "M12 12m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600l1.400 1.400M17 17l1.400 1.400M5.600 18.400L7 17M17 7l1.400-1.400",
  out: "M10 5H5v14h5M14 8l4 4-4 4M18 12H9",
  check: "M5 12.500l4.500 4.500L19 7.500",
  pause: "M9 6v12M15 6v12",
  play: "M8 5.500v13l10-6.500z",
  clock: "M12 12m-8.500 0a8.500 8.500 0 1 0 17 0a8.500 8.500 0 1 0-17 0M12 7.500V12l3 2",
  skip: "M6 6l8 6-8 6zM18 6v12",
  trash: "M5 7h14M10 4h4M7 7l1 13h8l1-13",
  plus: "M12 5v14M5 12h14",
  edit: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
  question: "M9 9.500a3 3 0 1 1 4.200 2.700c-.8.400-1.200 1-1.200 1.800M12 17.500h.01",
  link: "M10 14a4 4 0 0 0 5.700 0l3-3A4 4 0 0 0 13 5.300l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3a4 4 0 0 0 5.700 5.700l1-1",
} as const;

export type IconName = keyof typeof paths;

/** A drawing beside a label; it says nothing of its own to a screen reader. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
