import type { DeskTools } from "../shared/protocol";

export type ForbiddenWord = DeskTools["forbidden"][number];

/** Letters of scripts that put spaces between words: "ass" is not said in "class". */
const LATIN = /[0-9a-z\u00c0-\u024f]/;
/** Characters that show nothing and would hide a word. */
const UNSEEN = /[\u00ad\u200b-\u200f\u2060\ufeff]/g;

/** Text in one spelling: full width as half, small letters, runs of spaces as one, nothing invisible. */
const plain = (text: string): string => text.normalize("NFKC").toLowerCase().replace(UNSEEN, "").replace(/\s+/g, " ");

/** Those of the words that the text holds; the server has the same rule (desk/forbidden.py) and the last word. */
export function forbiddenIn(text: string, words: readonly ForbiddenWord[]): readonly ForbiddenWord[] {
  if (words.length === 0 || text === "") return [];
  const said = plain(text);
  return words.filter(({ word }) => holds(said, plain(word).trim()));
}

function holds(said: string, word: string): boolean {
  if (word === "") return false;
  for (let at = said.indexOf(word); at >= 0; at = said.indexOf(word, at + 1)) {
    const end = at + word.length;
    if (!joined(said[at - 1], word[0]) && !joined(word.at(-1), said[end])) return true;
  }
  return false;
}

/** Whether two characters beside each other are of one word. */
const joined = (before: string | undefined, after: string | undefined): boolean =>
  before !== undefined && after !== undefined && LATIN.test(before) && LATIN.test(after);
