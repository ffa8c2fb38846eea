/** A time until which a conversation can be put aside, offered as one click. */
export interface Later {
  readonly id: "hour" | "hours" | "tomorrow" | "monday";
  readonly at: Date;
}

const HOUR_MS = 3_600_000;
const MORNING = 9;

/** The times that are offered now, by the agent's own clock. */
export function laters(now: Date): readonly Later[] {
  return [
    { id: "hour", at: new Date(now.getTime() + HOUR_MS) },
    { id: "hours", at: new Date(now.getTime() + 3 * HOUR_MS) },
    { id: "tomorrow", at: morning(now, 1) },
    { id: "monday", at: morning(now, (8 - now.getDay()) % 7 || 7) },
  ];
}

/** Nine o'clock so many days from now, whatever the clocks do in between. */
function morning(now: Date, days: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, MORNING);
}

/** What an input of the kind datetime-local wants, and back; null for what is no time. */
export function localInput(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
export function fromLocalInput(value: string): Date | null {
  const at = new Date(value);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** Tags as one types them: separated by commas of either kind, each once. */
export function tagsOf(typed: string): readonly string[] {
  return [...new Set(typed.split(/[,，、;；\n]/).map((tag) => tag.trim()).filter(Boolean))];
}

/** What was typed, with a tag in it or without it. */
export function toggledTag(typed: string, tag: string): string {
  const tags = tagsOf(typed);
  return (tags.includes(tag) ? tags.filter((each) => each !== tag) : [...tags, tag]).join(", ");
}
