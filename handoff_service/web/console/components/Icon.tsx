const PATHS = {
  back: "M15 5l-7 7 7 7",
  bell: "M6 9a6 6 0 0 1 12 0c0 6 2 7 2 7H4s2-1 2-7M10 20a2 2 0 0 0 4 0",
  bell_off: "M9 4.2A6 6 0 0 1 18 9c0 2 .2 3.500 .6 4.600M6.300 9C6 14.500 4 16 4 16h12M10 20a2 2 0 0 0 4 0M3 3l18 18",
  book: "M4 5a2 2 0 0 1 2-2h14v16H6a2 2 0 0 0-2 2zM4 19a2 2 0 0 1 2-2h14",
  bot: "M7 9h10a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2v-6a2 2 0 0 1 2-2zM12 9V5M9.500 13.500v1M14.500 13.500v1",
  camera: "M4 7h11v10H4zM15 11l5-3v8l-5-3",
  check: "M5 12.500l4.500 4.500L19 7.500",
  chart: "M4 20h16M7 16v-5M12 16V6M17 16v-8",
  chevron: "M9 6l6 6-6 6",
  clock: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16M12 8v4.500l3 2",
  close: "M6 6l12 12M18 6L6 18",
  details: "M4 5h16v14H4zM14 5v14",
  down: "M12 5v14M6 13l6 6 6-6",
  gear: "M12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6M12 3v3M12 18v3M3 12h3M18 12h3M5.600 5.600l2.100 2.100M16.300 16.300l2.100 2.100M5.600 18.400l2.100-2.100M16.300 7.700l2.100-2.100",
  keyboard: "M3 7h18v10H3zM7 11h.01M11 11h.01M15 11h.01M8 14h8",
  note: "M6 4h12v10l-5 6H6zM13 20v-6h5",
  out: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
  phone: "M7 4h3l1.500 4-2 1.500a9 9 0 0 0 5 5l1.500-2 4 1.500v3a2 2 0 0 1-2 2A14 14 0 0 1 5 6a2 2 0 0 1 2-2z",
  clip: "M8 12l6-6a3 3 0 0 1 4.500 4.500l-8 8a5 5 0 0 1-7-7l7.500-7.500",
  photo: "M4 8h4l1.500-2h5L16 8h4v11H4zM12 10a3 3 0 1 1 0 6 3 3 0 0 1 0-6",
  popup: "M4 5h16v11h-8l-4 4v-4H4zM12 8v3M12 13h.01",
  report: "M6 3h8l4 4v14H6zM9.500 17v-3M12 17v-6M14.500 17v-4",
  return: "M9 7L4 12l5 5M4 12h11a5 5 0 0 0 5-5",
  search: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14M16 16l4.500 4.500",
  send: "M4 12l16-8-5 16-3-7z",
  star: "M12 4l2.500 5.200 5.500.8-4 4 1 5.600-5-2.700-5 2.700 1-5.600-4-4 5.500-.8z",
  swap: "M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4",
  thumb_down: "M7 13V4h9.500l3 7.500V14H14l1 4.500L13 21l-4.500-7zM4 4v9",
  thumb_up: "M7 11v9h9.500l3-7.500V10H14l1-4.500L13 3l-4.500 7zM4 11v9",
  up: "M12 20V5M6 11l6-6 6 6",
  user: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8M4.500 20c.8-4 4-5.500 7.500-5.500s6.700 1.500 7.500 5.500",
} as const;

export type IconName = keyof typeof PATHS;

/** A decorative picture; the meaning is in the text or label beside it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
