import type { JSX } from "preact";

/** A picture of strokes, or of faces. */
export function icon(paths: string[], filled = false) {
  return ({ size = 22 }: { size?: number }): JSX.Element => (
    <svg
      class="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" focusable="false"
      fill={filled ? "currentColor" : "none"} stroke={filled ? "none" : "currentColor"}
      stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"
    >
      {paths.map((d) => <path key={d} d={d} />)}
    </svg>
  );
}

export const ChatIcon = icon(["M12 3.5c-5 0-9 3.4-9 7.7 0 2.4 1.3 4.6 3.3 6v3.3l3.4-1.9c.7.2 1.5.2 2.3.2 5 0 9-3.4 9-7.6s-4-7.7-9-7.7z", "M8 11.2h.01M12 11.2h.01M16 11.2h.01"]);
export const CloseIcon = icon(["M6 6l12 12M18 6L6 18"]);
export const DownIcon = icon(["M6 9.5l6 6 6-6"]);
export const SendIcon = icon(["M3.6 20.4 21.5 12 3.6 3.6l2.6 7.2L14 12l-7.8 1.2z"], true);
export const PersonIcon = icon(["M12 12.2a4 4 0 1 0 0-8 4 4 0 0 0 0 8z", "M4.5 20.2c.8-3.6 3.8-5.6 7.5-5.6s6.7 2 7.5 5.6"]);
export const SparkIcon = icon(["M12 3.2l1.9 5.2 5.3 1.9-5.3 1.9L12 17.4l-1.9-5.2-5.3-1.9 5.3-1.9z", "M18.6 15.6l.8 2.1 2.1.8-2.1.8-.8 2.1-.8-2.1-2.1-.8 2.1-.8z"], true);
export const UpIcon = icon(["M7.5 10.6V20H4.2v-9.4zM7.5 10.6l3.7-7.1c1.5 0 2.4 1.2 2.1 2.6l-.7 3.3h5.3c1.3 0 2.2 1.2 1.9 2.4l-1.4 6.1c-.2 1-1.1 1.7-2.1 1.7H7.5"]);
export const DownvoteIcon = icon(["M16.5 13.4V4h3.3v9.4zM16.5 13.4l-3.7 7.1c-1.5 0-2.4-1.2-2.1-2.6l.7-3.3H6.1c-1.3 0-2.2-1.2-1.9-2.4l1.4-6.1c.2-1 1.1-1.7 2.1-1.7h8.8"]);
export const ClockIcon = icon(["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z", "M12 7v5.2l3.3 2"]);
export const AlertIcon = icon(["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z", "M12 7.5v5.5M12 16.4h.01"]);
export const MailIcon = icon(["M3.5 5.5h17v13h-17z", "M3.8 6l8.2 7 8.2-7"]);
export const BookIcon = icon(["M12 6.3C10 4.9 7.2 4.4 3.5 4.6v13.6c3.7-.2 6.5.3 8.5 1.7 2-1.4 4.8-1.9 8.5-1.7V4.6c-3.7-.2-6.5.3-8.5 1.7zM12 6.3v13.6"]);
export const MoreIcon = icon(["M5 12h.01M12 12h.01M19 12h.01", "M5.6 12a.6.6 0 1 1-1.2 0 .6.6 0 0 1 1.2 0zM12.6 12a.6.6 0 1 1-1.2 0 .6.6 0 0 1 1.2 0zM19.6 12a.6.6 0 1 1-1.2 0 .6.6 0 0 1 1.2 0z"]);
export const ClipIcon = icon(["M19.5 11.5l-7.6 7.6a4.6 4.6 0 0 1-6.5-6.5l8-8a3 3 0 0 1 4.3 4.3l-8 8a1.5 1.5 0 0 1-2.1-2.1l7.2-7.3"]);
export const CheckIcon = icon(["M4.5 12.8l4.7 4.7L19.5 7"]);
export const ChecksIcon = icon(["M2.5 13l4.3 4.3L15.5 8", "M11.4 16.6l.7.7L21.5 8"]);
export const MicIcon = icon(["M12 14.5a3 3 0 0 0 3-3v-5a3 3 0 0 0-6 0v5a3 3 0 0 0 3 3z", "M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"]);
export const SmileIcon = icon(["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z", "M8.5 14.2c.9 1.3 2.1 2 3.5 2s2.6-.7 3.5-2M9 9.6h.01M15 9.6h.01"]);
