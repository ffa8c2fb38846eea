import type { Person } from "../shared/protocol";

/** An @ and what is typed of a name after it, right before the cursor; `at`: where the @ is. */
export interface Naming {
  readonly at: number;
  readonly typed: string;
}

const SHOWN = 6;
/** Not after a Latin letter or digit: that is an address. A name may have a space in it. */
const BEGUN = /(?<![A-Za-z0-9])@(?<typed>[^@\n]{0,40})$/;

/** The name that is being typed at the cursor; null where none is. */
export function namingAt(text: string, cursor: number): Naming | null {
  const typed = BEGUN.exec(text.slice(0, cursor))?.groups?.["typed"];
  return typed === undefined ? null : { at: cursor - typed.length - 1, typed };
}

/** The colleagues who may be meant: those whose name, or a word of it, begins so; nobody when a name is complete. */
export function meant(people: readonly Person[], typed: string): readonly Person[] {
  const query = typed.toLowerCase();
  const begins = (name: string): boolean => name.startsWith(query) || name.split(/\s+/).some((word) => word.startsWith(query));
  const found = people.filter(({ name }) => name !== null && begins(name.toLowerCase()));
  return found.length === 1 && found[0]?.name?.toLowerCase() === query ? [] : found.slice(0, SHOWN);
}

/** The text with the name written out and a space after it, and where the cursor is then. */
export function named(text: string, { at, typed }: Naming, name: string): { readonly text: string; readonly cursor: number } {
  const after = text.slice(at + 1 + typed.length);
  const written = `@${name}${after.startsWith(" ") ? "" : " "}`;
  return { text: text.slice(0, at) + written + after, cursor: at + written.length + (after.startsWith(" ") ? 1 : 0) };
}

/** A text in pieces, those that call a colleague by his name marked; of two names the longer one is meant. */
export function calls(text: string, people: readonly Person[]): readonly { readonly text: string; readonly called: boolean }[] {
  const names = people.map(({ name }) => name ?? "").filter(Boolean).toSorted((one, other) => other.length - one.length);
  if (names.length === 0 || !text.includes("@")) return [{ text, called: false }];
  const call = new RegExp(`(?<![A-Za-z0-9])(@(?:${names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})(?![A-Za-z0-9]))`, "iu");
  return text.split(new RegExp(call, "giu")).map((piece, index) => ({ text: piece, called: index % 2 === 1 })).filter((piece) => piece.text !== "");
}
