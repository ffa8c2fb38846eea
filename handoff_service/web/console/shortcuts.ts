import { composes } from "../shared/keys";
import { NUMBERED, type Section } from "./desk";

export type Shortcut =
  | { readonly do: "list"; readonly section: Section }
  | { readonly do: "next" | "previous" | "accept" | "help" | "palette" | "mode" };
type Key = Pick<KeyboardEvent, "key" | "code" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey" | "isComposing">;

/**
 * The shortcut of a key press, or null. `typing`: the focus is in a text field, where letters are letters;
 * `plain`: keys without Ctrl or Alt count (WCAG 2.1.4: they can be switched off, for those who dictate).
 */
export function shortcutOf(event: Key, options: { typing: boolean; plain: boolean }): Shortcut | null {
  if (composes(event)) return null;
  const command = event.ctrlKey || event.metaKey;
  if (command && !event.altKey) {
    if (event.code === "KeyK" && !event.shiftKey) return { do: "palette" };
    if (event.code === "KeyN" && event.shiftKey) return { do: "mode" };
    return null;
  }
  // With Alt the produced character differs by keyboard, the key's place does not.
  if (event.altKey && !command) return event.code === "KeyN" ? { do: "mode" } : listOf(event.code);
  if (options.typing || command || !options.plain) return null;
  const plain = PLAIN[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  return plain === undefined ? null : { do: plain };
}

const PLAIN: Readonly<Record<string, "next" | "previous" | "accept" | "help">> = {
  j: "next",
  k: "previous",
  a: "accept",
  "?": "help",
  // The same key while a Chinese input method is active.
  "？": "help",
};

function listOf(code: string): Shortcut | null {
  const section = NUMBERED[Number(/^Digit([1-9])$/.exec(code)?.[1]) - 1];
  return section === undefined ? null : { do: "list", section };
}

/** What is shown in the list of shortcuts. */
export const HELP = [
  { keys: ["Alt", "1-5"], text: "shortcuts.lists" },
  { keys: ["J", "K"], text: "shortcuts.next" },
  { keys: ["A"], text: "shortcuts.accept" },
  { keys: ["Enter"], text: "shortcuts.send" },
  { keys: ["Shift", "Enter"], text: "shortcuts.newline" },
  { keys: ["/"], text: "shortcuts.canned" },
  { keys: ["@"], text: "shortcuts.naming" },
  { keys: ["Ctrl", "Shift", "N"], text: "shortcuts.note" },
  { keys: ["Alt", "N"], text: "shortcuts.note_browser" },
  { keys: ["Ctrl", "K"], text: "shortcuts.palette" },
  { keys: ["?"], text: "shortcuts.help" },
] as const;
