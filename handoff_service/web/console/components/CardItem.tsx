import { useRef } from "preact/hooks";
import { clockTime, dayKey, dayLabel } from "../../shared/time";
import type { Card, HandoffReason, Language } from "../../shared/protocol";
import { isAcceptable, isSilent, type Section } from "../desk";
import { mayAnswer } from "../rights";
import { keyFor, spell, type Translate } from "../text";
import { useWorkplace } from "./workplace";

/** Waiting this long deserves a colour, milliseconds. */
const LONG_MS = 120_000;
const TOO_LONG_MS = 300_000;
const HIGH_PRIORITY = 5;
/** As urgent as who says that he will report us: shown also while somebody serves him. */
const URGENT = 8;

interface CardProps {
  readonly card: Card;
  readonly section: Section;
}

export function CardItem({ card, section }: CardProps) {
  const { state, session, bulk } = useWorkplace();
  const t = state.t.value;
  const current = state.current.value === card.conversation;
  const selecting = bulk.selecting.value;
  return (
    <li class={`card-item${current ? " current" : ""}${selecting ? " selecting" : ""}`}>
      {selecting && (
        <input type="checkbox" class="card-choice" checked={bulk.chosen.value.has(card.conversation)}
          aria-label={t("bulk.choose", { name: card.contact.name || t("list.anonymous") })} onChange={() => bulk.toggle(card.conversation)} />
      )}
      <button class="card" aria-current={current ? "true" : undefined} onClick={(event) => session.open(card.conversation, { focus: section === "mine" && isPointed(event) })}>
        <span class="card-line">
          {section === "waiting" && card.handoff?.place != null && (
            <span class="place" title={t("list.place", { place: card.handoff.place })}>{card.handoff.place}</span>
          )}
          <span class="card-name">{card.contact.name || t("list.anonymous")}</span>
          {card.channel === "public" && <span class="badge bad">{t("channel.public")}</span>}
          {card.handoff !== null && isAcceptable(section) && <ReasonBadge reason={card.handoff.reason} t={t} />}
          <CardTime card={card} section={section} />
        </span>
        <span class="card-line">
          <span class="preview" lang={card.language}>{plain(card.preview) || t("list.no_preview")}</span>
          {state.refusals.value.has(card.conversation) && <span class="badge bad">{t("list.refused")}</span>}
          {section === "mine" && card.unread > 0 && (
            <span class="unread" aria-label={t("list.unread", { count: card.unread })}>{card.unread}</span>
          )}
          {(card.tags ?? []).slice(0, 2).map((tag) => <span key={tag} class="badge">{tag}</span>)}
          {section === "others" && <span class="held-by">{ownerName(card, t)}</span>}
          {card.handoff !== null && (isAcceptable(section) || card.handoff.priority >= URGENT) && <Priority priority={card.handoff.priority} t={t} />}
        </span>
      </button>
      {section === "offers" && mayAnswer(state) && <Offer card={card} />}
      {!selecting && section !== "offers" && isAcceptable(section) && mayAnswer(state) && <AcceptButton card={card} />}
    </li>
  );
}

export function ReasonBadge({ reason, t }: { reason: HandoffReason; t: Translate }) {
  const key = keyFor("reason", reason);
  return <span class={`reason reason-${reason}`}>{key === null ? reason : t(key)}</span>;
}

/** For who waits, how long; for the others, when it was last heard of. */
function CardTime({ card, section }: CardProps) {
  const { state } = useWorkplace();
  if (section === "aside" && card.aside_until) {
    const back = shortTime(card.aside_until, state.language.value);
    return <time dateTime={card.aside_until} title={state.t.value("aside.back_at", { time: back })}>{back}</time>;
  }
  if (card.handoff === null || !isAcceptable(section)) {
    return <time dateTime={card.updated_at}>{shortTime(card.updated_at, state.language.value)}</time>;
  }
  const waited = state.now.value - Date.parse(card.handoff.requested_at);
  const tone = waited > TOO_LONG_MS ? "too-long" : waited > LONG_MS ? "long" : "";
  const time = spell(waited, state.t.value);
  return (
    <time class={`waited ${tone}`} dateTime={card.handoff.requested_at} title={state.t.value("list.waited", { time })}>
      {time}
    </time>
  );
}

export function Priority({ priority, t }: { priority: number; t: Translate }) {
  const text = t("list.priority", { priority });
  return (
    <span class={priority >= HIGH_PRIORITY ? "priority high" : "priority"} title={text}>
      <span aria-hidden="true">P{priority}</span>
      <span class="sr-only">{text}</span>
    </span>
  );
}

const ownerName = (card: Card, t: Translate): string =>
  card.owner.kind === "agent" ? t("list.held_by", { name: card.owner.agent?.name ?? "" }) : t("owner.bot");

export function Offer({ card }: { card: Card }) {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  // How long an offer lasts is the server's affair; the bar is full when the offer is first seen.
  const whole = useRef(0);
  const left = card.offer === null ? null : Math.max(0, Math.ceil((Date.parse(card.offer.deadline) - state.now.value) / 1000));
  whole.current = Math.max(whole.current, left ?? 0);
  return (
    <div class="offer">
      {left !== null && (
        <>
          <progress max={whole.current || 1} value={left} aria-hidden="true" />
          <span class="countdown">{t("list.countdown", { seconds: left })}</span>
        </>
      )}
      <span class="hint silent" role="status">{isSilent(card, state.now.value) && t("offer.silent")}</span>
      <button class="small" onClick={() => void verbs.decline(card)}>{t("decline")}</button>
      <button class="small primary" onClick={() => void verbs.accept(card)}>{t("accept")}</button>
    </div>
  );
}

function AcceptButton({ card }: { card: Card }) {
  const { state, verbs } = useWorkplace();
  const name = card.contact.name || state.t.value("list.anonymous");
  return (
    <button class="small primary card-accept" aria-label={`${state.t.value("accept")}: ${name}`}
      onClick={() => void verbs.accept(card)}>
      {state.t.value("accept")}
    </button>
  );
}

/** Bold marks say nothing in one line of preview. */
const plain = (text: string): string => text.replace(/\*\*([^*\n]+)\*\*/g, "$1");

/** Opened with a mouse: on a phone the focus would raise the keyboard over the conversation. */
const isPointed = (event: MouseEvent): boolean => event.detail > 0 && matchMedia("(hover: hover)").matches;

const shortTime = (iso: string, language: Language): string =>
  dayKey(iso) === dayKey(new Date().toISOString()) ? clockTime(iso, language) : dayLabel(iso, language);
