/** One line of the palette. */
export interface Choice {
  readonly id: string;
  readonly label: string;
  /** What kind of thing it is, shown behind the label and searched as well. */
  readonly hint: string;
  readonly run: () => void;
}

const SHOWN = 30;

/** The choices that contain every word typed, those that start with it first; order is kept otherwise. */
export function matching(choices: readonly Choice[], typed: string): readonly Choice[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found = choices.filter((choice) => {
    const text = `${choice.label} ${choice.hint}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const starts = (choice: Choice): number => (choice.label.toLowerCase().startsWith(words[0] ?? "") ? 0 : 1);
  return found.toSorted((one, other) => starts(one) - starts(other)).slice(0, SHOWN);
}
