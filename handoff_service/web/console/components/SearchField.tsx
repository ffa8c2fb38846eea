import { useEffect, useRef, useState } from "preact/hooks";
import { composes } from "../../shared/keys";
import { Icon } from "./Icon";

const PAUSE_MS = 250;
/** As long as the server reads what is searched for. */
const LONGEST = 120;

interface SearchFieldProps {
  readonly label: string;
  /** What can be typed; the label, if nothing is given. */
  readonly hint?: string;
  /** What is searched for now. */
  readonly value: string;
  /** Called a moment after the last key with the trimmed words, when they are others than `value`. */
  readonly search: (words: string) => void;
  readonly id?: string;
}

/** One field to search by typing; spaces around the words change nothing, Escape empties it. */
export function SearchField({ label, hint = label, value, search, id }: SearchFieldProps) {
  const [typed, setTyped] = useState(value);
  const latest = useRef(search);
  latest.current = search;
  const words = typed.trim();
  useEffect(() => {
    if (words === value) return;
    const timer = setTimeout(() => latest.current(words), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [words, value]);
  return (
    <label class="search-box">
      <Icon name="search" />
      <span class="sr-only">{label}</span>
      <input type="search" id={id} value={typed} placeholder={hint} maxLength={LONGEST}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || composes(event)) return;
          setTyped("");
          event.stopPropagation();
        }} />
    </label>
  );
}
