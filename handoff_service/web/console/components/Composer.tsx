import { useEffect, useRef } from "preact/hooks";
import { composes } from "../../shared/keys";
import { isSendKey, length, type Mode, sendable } from "../composer";
import { pastedFiles } from "../files";
import { isNarrow } from "../narrow";
import { cause } from "../problem";
import { mayAccept, mayTakeOver, ownerText, whisperable } from "../rights";
import { forbiddenIn } from "../forbidden";
import { warningsOf } from "../warnings";
import { slashQuery } from "../canned";
import { CANNED_ID, CannedList, cannedLine } from "./CannedList";
import { WaitingFiles } from "./Files";
import { Hints } from "./Hints";
import { NameList, useNaming } from "./NameList";
import { Icon } from "./Icon";
import { PhotosButton, PhotosLine } from "./Photos";
import { ToneLine } from "./ToneLine";
import { TranslateLine } from "./TranslateLine";
import { useWorkplace } from "./workplace";

const MODES: readonly Mode[] = ["reply", "note"];
/** What the arrow keys do while canned replies are listed. */
const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowDown: 1, ArrowUp: -1 };
/** The counter appears when this share of the limit is used. */
const NEAR_LIMIT = 0.9;

interface ComposerProps {
  readonly conversation: string;
  readonly name: string;
}

/** Two modes, two drafts: what is written as a note can never be sent to the customer by switching. */
export function Composer({ conversation, name }: ComposerProps) {
  const { state, writing } = useWorkplace();
  const t = state.t.value;
  const mode = state.mode.value;
  return (
    <section class={`composer mode-${mode}`} aria-label={t("composer.label")}>
      <RefusalNotice conversation={conversation} />
      <div class="modes" role="radiogroup" aria-label={t("composer.mode")}>
        {MODES.map((each) => (
          <label key={each} class={each === mode ? "mode on" : "mode"}>
            <input type="radio" name="mode" checked={each === mode} onChange={() => writing.setMode(conversation, each)} />
            {t(each === "reply" ? "composer.reply" : "composer.note")}
          </label>
        ))}
        {mode === "reply" && <PhotosLine />}
        {state.connection.value !== "online" && <span class="hint">{t("composer.offline")}</span>}
      </div>
      {mode === "reply" && state.holding.value && <ToneLine />}
      {mode === "reply" && state.holding.value && <Hints conversation={conversation} />}
      <Article conversation={conversation} />
      {mode === "reply" && <CannedList conversation={conversation} />}
      <Editor conversation={conversation} name={name} />
      {mode === "reply" && <TranslateLine conversation={conversation} />}
      <WaitingFiles conversation={conversation} />
      {mode === "note" && <WhisperSwitch conversation={conversation} />}
      {mode === "reply" && <WarningLines />}
      {mode === "reply" && <BlockedLine />}
    </section>
  );
}

function Editor({ conversation, name }: ComposerProps) {
  const { state, writing } = useWorkplace();
  const t = state.t.value;
  const area = useRef<HTMLTextAreaElement>(null);
  const mode = state.mode.value;
  const blocked = mode === "reply" ? state.blocked.value : null;
  const text = state.draft.value[mode];
  const limit = state.limit.value;
  // What begins with a slash is a search for a canned reply; Enter never sends it, whatever the search has found so far.
  const slash = mode === "reply" && blocked === null && slashQuery(text) !== null;
  const offered = slash ? state.offeredReplies.value : [];
  const searching = slash && state.canned.value?.conversation !== conversation;
  const banned = mode === "reply" && forbiddenIn(text, state.me.value.tenant.desk?.forbidden ?? []).some(({ action }) => action === "block");
  const ready = sendable(text, { mode, blocked, limit }) && !searching && !banned;
  const used = length(text);
  const naming = useNaming(area, mode === "note", (next) => typed(next));
  const wanted = state.focusWanted.value && blocked === null;
  useEffect(() => {
    if (!wanted) return;
    area.current?.focus();
    state.focusWanted.value = false;
  }, [wanted]);

  const send = (): void => {
    const canned = offered[state.cannedAt.peek()];
    if (canned !== undefined) return writing.useCanned(conversation, canned);
    if (ready) writing.send();
    area.current?.focus();
  };
  const typed = (value: string): void => {
    writing.write(conversation, { ...state.draft.peek(), [mode]: value });
    writing.typed(conversation);
    moved();
  };
  const pressed = (event: KeyboardEvent): void => {
    if (naming.pressed(event)) return;
    // Out of the text, so that J, K and A are shortcuts again.
    if (event.key === "Escape" && !composes(event)) area.current?.blur();
    const step = composes(event) ? undefined : STEPS[event.key];
    if (step !== undefined && offered.length > 0) {
      event.preventDefault();
      state.cannedAt.value = Math.min(offered.length - 1, Math.max(0, state.cannedAt.peek() + step));
    }
    if (!isSendKey(event)) return;
    event.preventDefault();
    const begun = mode === "reply" && slashQuery(state.draft.peek().reply) !== null;
    if (!begun || state.offeredReplies.peek().length > 0) send();
  };
  const brought = (event: Event, files: readonly File[]): void => {
    if (files.length === 0) return;
    event.preventDefault();
    if (blocked === null) writing.offer(conversation, files);
  };
  const moved = (): void => {
    if (mode === "reply") state.cursor = area.current?.selectionStart ?? null;
    else naming.moved();
  };
  const placeholder = mode === "note" ? t("composer.note_placeholder") : blocked === null ? t(isNarrow() ? "composer.reply_narrow" : "composer.reply_placeholder", { name }) : "";
  return (
    <div class="editor">
      <NameList naming={naming} />
      {/* Read-only, not disabled: a refused text can still be read and copied. */}
      <textarea ref={area} rows={3} value={text} readOnly={blocked !== null} placeholder={placeholder} dir="auto"
        aria-label={t(mode === "note" ? "composer.note" : "composer.reply")} aria-describedby="composer-blocked"
        aria-controls={slash ? CANNED_ID : undefined}
        aria-activedescendant={offered.length > 0 ? cannedLine(state.cannedAt.value) : undefined} {...naming.described}
        onPaste={(event) => brought(event, pastedFiles(event.clipboardData))}
        onDrop={(event) => brought(event, [...(event.dataTransfer?.files ?? [])])}
        onInput={(event) => typed(event.currentTarget.value)} onSelect={moved} onKeyUp={moved} onKeyDown={pressed} />
      {used > limit * NEAR_LIMIT && (
        <span class={used > limit ? "counter over" : "counter"}>{t("composer.too_long", { count: used, limit })}</span>
      )}
      <Uploading />
      <PhotosButton />
      <Attach conversation={conversation} blocked={blocked !== null} />
      <button class="primary send" disabled={!ready} onClick={send}>
        <Icon name={mode === "note" ? "note" : "send"} />
        <span>{t(mode === "note" ? "composer.save_note" : "composer.send")}</span>
      </button>
    </div>
  );
}

/** Always there: of a status that comes together with its words many screen readers say nothing. */
function Uploading() {
  const { state } = useWorkplace();
  const attaching = state.attaching.value;
  return <span role="status" class="hint uploading">{attaching !== null && state.t.value("composer.attaching", { name: attaching.name })}</span>;
}

/** A file from the computer; files can be pasted and dropped as well. */
function Attach({ conversation, blocked }: { conversation: string; blocked: boolean }) {
  const { state, writing } = useWorkplace();
  const t = state.t.value;
  return (
    <label class={`icon-button attach${blocked ? " off" : ""}`} title={t("composer.attach")}>
      <Icon name="clip" />
      <span class="sr-only">{t("composer.attach")}</span>
      <input type="file" class="sr-only" disabled={blocked || state.attaching.value !== null}
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file !== undefined) void writing.attach(conversation, file, file.name);
          event.currentTarget.value = "";
        }} />
    </label>
  );
}

/** The article that the reply quotes. */
function Article({ conversation }: { conversation: string }) {
  const { state, writing } = useWorkplace();
  const { article } = state.draft.value;
  if (article === null || state.mode.value === "note") return null;
  return (
    <p class="quoted">
      <Icon name="book" />
      <span>{article.title}</span>
      <button class="icon-button" aria-label={state.t.value("composer.remove_article")}
        onClick={() => writing.write(conversation, { ...state.draft.peek(), article: null })}>
        <Icon name="close" />
      </button>
    </p>
  );
}

/** A supervisor's note for the one who speaks with the customer, and for nobody else. */
function WhisperSwitch({ conversation }: { conversation: string }) {
  const { state, writing } = useWorkplace();
  const agent = whisperable(state);
  const chosen = state.draft.value.whisper;
  const gone = chosen !== undefined && chosen !== agent?.id;
  if (agent === null && !gone) return null;
  const name = gone ? (state.desk.value.agents.find((each) => each.id === chosen)?.name ?? "") : (agent?.name ?? "");
  return (
    <label class="whisper">
      <input type="checkbox" checked={chosen !== undefined}
        onChange={(event) => writing.whisper(conversation, event.currentTarget.checked ? (agent?.id ?? null) : null)} />{" "}
      {state.t.value(gone ? "whisper.gone" : "whisper.label", { name })}
    </label>
  );
}

/** What the reply says that deserves a second look; it can be sent all the same. */
function WarningLines() {
  const { state } = useWorkplace();
  const { reply } = state.draft.value;
  const warnings = warningsOf(reply);
  return (
    <div role="status">
      {forbiddenIn(reply, state.me.value.tenant.desk?.forbidden ?? []).map(({ word, action, instead }) => (
        <p key={word} class={`warning warning-${action}`}>
          {state.t.value(action === "block" ? "forbidden.block" : "forbidden.warn", { word })}
          {instead && ` ${state.t.value("forbidden.instead", { instead })}`}
        </p>
      ))}
      {warnings.map((warning) => <p key={warning} class={`warning ${warning.replace(".", "-")}`}>{state.t.value(warning)}</p>)}
    </div>
  );
}

/** Why I cannot reply, with the way out beside it. */
function BlockedLine() {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const blocked = state.blocked.value;
  if (blocked === null) return null;
  return (
    <p class="blocked" id="composer-blocked">
      <span>{t(blocked.key, { name: blocked.name })}</span>
      {mayAccept(state) && <button class="small primary" onClick={() => void verbs.accept()}>{t("accept")}</button>}
      {mayTakeOver(state) && <button class="small" onClick={() => void verbs.takeOver()}>{t("take_over")}</button>}
    </p>
  );
}

function RefusalNotice({ conversation }: { conversation: string }) {
  const { state, writing } = useWorkplace();
  const t = state.t.value;
  const refusal = state.refusal.value;
  if (refusal === null) return null;
  const owner = refusal.owner ?? state.standing.value?.owner ?? null;
  const fenced = (refusal.code === "fenced" || refusal.code === "not_owner") && owner !== null;
  const text = refusal.code === "missed" ? t("composer.missed", { text: refusal.message })
    : fenced ? t("composer.fenced", { owner: ownerText(owner, state.me.value.agent.id, t) })
    : t("composer.refused", { message: cause(refusal, t) });
  return (
    <div class="refusal" role="alert">
      <p>{text}</p>
      {state.draft.value.asked !== undefined && state.holding.value && (
        <button class="small" onClick={() => (state.dialog.value = "photos")}>{t("photos.again")}</button>
      )}
      <button class="small" onClick={() => writing.dismiss(conversation)}>{t("composer.dismiss")}</button>
    </div>
  );
}
