import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { composes } from "../../shared/keys";
import type { Person } from "../../shared/protocol";
import { meant, named, namingAt } from "../naming";
import { useWorkplace } from "./workplace";

const NAMES_ID = "colleagues-meant";
const nameLine = (index: number): string => `${NAMES_ID}-${index}`;
const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowDown: 1, ArrowUp: -1 };

/** The colleagues whom a note may mean with the @ before the cursor, and what the text field does with them. */
export interface Naming {
  readonly people: readonly Person[];
  readonly chosen: number;
  readonly look: (index: number) => void;
  readonly take: (person: Person) => void;
  /** Whether the key was about the list. */
  readonly pressed: (event: KeyboardEvent) => boolean;
  /** The cursor is somewhere else. */
  readonly moved: () => void;
  readonly described: { readonly "aria-controls"?: string; readonly "aria-activedescendant"?: string };
}

/** `wanted`: colleagues are asked in notes only, where no customer reads the name. */
export function useNaming(area: RefObject<HTMLTextAreaElement | null>, wanted: boolean, write: (text: string) => void): Naming {
  const { state } = useWorkplace();
  const [cursor, setCursor] = useState(0);
  const [chosen, setChosen] = useState(0);
  // The @ for which nobody is wanted: it was closed, or its name is written.
  const [done, setDone] = useState<number | null>(null);
  const wantedCursor = useRef<number | null>(null);
  const text = state.draft.value.note;
  const { agent, colleagues } = state.me.value;
  const begun = wanted ? namingAt(text, cursor) : null;
  const people = begun === null || begun.at === done ? [] : meant(colleagues.filter(({ id, reads }) => id !== agent.id && reads !== false), begun.typed);
  useLayoutEffect(() => {
    if (wantedCursor.current === null) return;
    area.current?.setSelectionRange(wantedCursor.current, wantedCursor.current);
    wantedCursor.current = null;
  }, [text]);

  const take = ({ name }: Person): void => {
    if (begun === null) return;
    const next = named(text, begun, name ?? "");
    wantedCursor.current = next.cursor;
    setDone(begun.at);
    setCursor(next.cursor);
    write(next.text);
    area.current?.focus();
  };
  const moved = (): void => {
    const at = area.current?.selectionStart ?? 0;
    if (at === cursor) return;
    setCursor(at);
    setChosen(0);
    if (namingAt(area.current?.value ?? "", at)?.at !== done) setDone(null);
  };
  const pressed = (event: KeyboardEvent): boolean => {
    if (people.length === 0 || composes(event)) return false;
    const step = STEPS[event.key];
    const person = people[chosen];
    if (step !== undefined) setChosen(Math.min(people.length - 1, Math.max(0, chosen + step)));
    else if (event.key === "Escape" && begun !== null) setDone(begun.at);
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && person !== undefined) take(person);
    else return false;
    event.preventDefault();
    return true;
  };
  const described = people.length === 0 ? {} : { "aria-controls": NAMES_ID, "aria-activedescendant": nameLine(chosen) };
  return { people, chosen, look: setChosen, take, pressed, moved, described };
}

export function NameList({ naming: { people, chosen, look, take } }: { naming: Naming }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const present = new Map(state.desk.value.agents.map((each) => [each.id, each.status]));
  if (people.length === 0) return null;
  return (
    <div class="canned">
      <p class="sr-only" role="status">{t("naming.choice", { name: people[chosen]?.name ?? "", n: chosen + 1, count: people.length })}</p>
      <ul id={NAMES_ID} role="listbox" aria-label={t("naming.title")}>
        {people.map((person, index) => (
          <li key={person.id} id={nameLine(index)} role="option" aria-selected={index === chosen} class="link-row"
            onPointerMove={() => look(index)} onPointerDown={(event) => event.preventDefault()} onClick={() => take(person)}>
            <span class="ticket-line">
              <strong>{person.name}</strong>
              <span class="hint">{t(`presence.${present.get(person.id) ?? "offline"}`)}</span>
              {index === chosen && <kbd>Enter</kbd>}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
