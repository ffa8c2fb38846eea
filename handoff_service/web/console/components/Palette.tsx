import { useState } from "preact/hooks";
import { composes } from "../../shared/keys";
import type { PresenceStatus } from "../../shared/protocol";
import type { Workplace } from "../composition";
import { type Section, SECTIONS } from "../desk";
import { focusList } from "../focus";
import { type Choice, matching } from "../palette";
import { partsFor } from "../forms/sections";
import { mayAccept, mayAnswer, mayTakeOver } from "../rights";
import { holds, VIEWS } from "../views";
import { Modal } from "./Modal";
import { useWorkplace } from "./workplace";

const STATUSES: readonly PresenceStatus[] = ["online", "away", "busy", "offline"];

/** Everything one can do or open, found by typing. */
export function Palette() {
  const workplace = useWorkplace();
  const { state } = workplace;
  const t = state.t.value;
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const found = matching([...actionsOf(workplace), ...conversationsOf(workplace), ...settingsOf(workplace)], typed);
  const choose = (choice: Choice | undefined): void => {
    if (choice === undefined) return;
    state.dialog.value = null;
    choice.run();
  };
  const pressed = (event: KeyboardEvent): void => {
    if (composes(event)) return;
    if (event.key === "ArrowDown") setAt(Math.min(found.length - 1, at + 1));
    else if (event.key === "ArrowUp") setAt(Math.max(0, at - 1));
    else if (event.key === "Enter") choose(found[at]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal name="palette" label={t("palette.label")}>
      <input data-first role="combobox" aria-expanded="true" aria-controls="palette-list" aria-label={t("palette.label")}
        aria-activedescendant={found[at] === undefined ? undefined : `choice-${at}`} placeholder={t("palette.placeholder")}
        value={typed} onKeyDown={pressed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
        }} />
      <ul id="palette-list" role="listbox" aria-label={t("palette.label")}>
        {found.map((choice, index) => (
          <li key={choice.id} id={`choice-${index}`} data-choice={choice.id} role="option" aria-selected={index === at}
            onPointerMove={() => setAt(index)} onClick={() => choose(choice)}>
            <span>{choice.label}</span>
            <span class="hint">{choice.hint}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p class="hint">{t("palette.empty")}</p>}
    </Modal>
  );
}

function actionsOf({ state, verbs, writing, session, bulk, calls }: Workplace): Choice[] {
  const t = state.t.value;
  const hint = t("palette.action");
  const action = (id: string, label: string, run: () => void): Choice => ({ id, label, hint, run });
  const conversation = state.current.value;
  const choices: Choice[] = [];
  if (conversation !== null) {
    if (mayAccept(state)) choices.push(action("accept", t("accept"), () => void verbs.accept()));
    if (mayTakeOver(state)) choices.push(action("take_over", t("take_over"), () => void verbs.takeOver()));
    if (state.holding.value) {
      for (const kind of ["transfer", "give_back", "escalate", "aside", "close"] as const) {
        choices.push(action(kind, t(`action.${kind}`), () => (state.dialog.value = kind)));
      }
    }
    if (state.card.value?.aside_until && state.holding.value) choices.push(action("bring_back", t("action.bring_back"), () => void verbs.bringBack()));
    choices.push(action("export", t("action.export"), () => (state.dialog.value = "export")));
    const contact = state.detail.value?.contact;
    if (mayAnswer(state) && contact !== undefined) {
      choices.push(contact.blocked === undefined ? action("block", t("action.block"), () => (state.dialog.value = "block"))
        : action("unblock", t("block.undo"), () => void verbs.unblock(conversation, contact.id)));
    }
    if (holds(state, "tickets.work")) choices.push(action("ticket", t("ticket.make"), () => (state.dialog.value = "ticket")));
    const callable = state.holding.value && state.card.value?.channel === "web" && calls.active.value === null && calls.left.value === null;
    for (const media of callable ? (["voice", "video"] as const) : []) {
      choices.push(action(`call-${media}`, t(`call.${media}`), () => void calls.ring(media)));
    }
    for (const mode of ["reply", "note"] as const) {
      choices.push(action(mode, t(`palette.${mode}`), () => {
        writing.setMode(conversation, mode);
        state.view.value = "desk";
        state.focusWanted.value = true;
      }));
    }
  }
  if (holds(state, "conversations.read")) {
    for (const section of SECTIONS.filter((each) => each !== "offers")) {
      choices.push(action(`list-${section}`, t("palette.list", { list: t(`list.${section}`) }), () => showList(state, session, section)));
    }
    choices.push(action("view-desk", t("palette.desk"), () => (state.view.value = "desk")));
    choices.push(action("search", t("palette.search"), () => searchKnowledge(state)));
    choices.push(action("find", t("search.label"), () => searchConversations(state)));
  }
  for (const { view } of VIEWS.filter(({ needs }) => holds(state, needs))) {
    choices.push(action(`view-${view}`, t(`${view}.title`), () => (state.view.value = view)));
  }
  if (mayAnswer(state)) choices.push(action("select", t("bulk.select"), () => {
    state.view.value = "desk";
    state.pane.value = "lists";
    bulk.select(true);
  }));
  for (const status of mayAnswer(state) ? STATUSES : []) {
    const label = t("palette.presence", { status: t(`presence.${status}`) });
    choices.push(action(`presence-${status}`, label, () => void verbs.presence(status)));
  }
  choices.push(action("mute", t("palette.mute"), () => session.toggleSound()));
  choices.push(action("language", t("app.other_language"), () => (state.language.value = state.language.value === "zh" ? "en" : "zh")));
  choices.push(action("shortcuts", t("shortcuts.title"), () => (state.dialog.value = "shortcuts")));
  choices.push(action("sign_out", t("sign_out"), () => void verbs.signOut()));
  return choices;
}

function showList(state: Workplace["state"], session: Workplace["session"], section: Section): void {
  state.view.value = "desk";
  state.pane.value = "lists";
  session.fold(section, false);
  requestAnimationFrame(() => focusList(section));
}

function conversationsOf({ state, session }: Workplace): Choice[] {
  const t = state.t.value;
  return SECTIONS.flatMap((section) =>
    state.desk.value.lists[section].map((card) => ({
      id: card.conversation,
      label: `${card.contact.name || t("list.anonymous")}: ${card.preview}`,
      hint: t(`list.${section}`),
      run: () => session.open(card.conversation),
    })),
  );
}

/** The parts of the page of settings; last, for who looks for them types. */
function settingsOf({ state, administration }: Workplace): Choice[] {
  const t = state.t.value;
  const needs = VIEWS.find(({ view }) => view === "administration")?.needs ?? "";
  return !holds(state, needs) ? [] : partsFor((permission) => holds(state, permission)).map((part) => ({
    id: `settings-${part}`,
    label: `${t("administration.title")}: ${t(`forms.${part}`)}`,
    hint: t("palette.action"),
    run: () => {
      administration.part.value = part;
      state.view.value = "administration";
    },
  }));
}

function searchConversations(state: Workplace["state"]): void {
  state.view.value = "desk";
  state.pane.value = "lists";
  requestAnimationFrame(() => document.getElementById("conversation-search")?.focus());
}

function searchKnowledge(state: Workplace["state"]): void {
  state.view.value = "desk";
  state.side.value = "knowledge";
  state.pane.value = "details";
  requestAnimationFrame(() => document.getElementById("knowledge-search")?.focus());
}
