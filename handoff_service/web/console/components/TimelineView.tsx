import { useComputed } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Draft } from "../../shared/outbox";
import { dayLabel } from "../../shared/time";
import { citedBy, newestFirst } from "../packet";
import { earlierStretch, lastStretch, laterStretch, type Row, rowsOf, type Stretch, stretchWith } from "../timeline";
import { FeedbackChip, MessageRow, PendingRow, RatingLine, StateLine } from "./EntryRows";
import { Icon } from "./Icon";
import { useWorkplace } from "./workplace";

/** So close to the last line one is at the end. */
const NEAR_PX = 80;
/** So far from what is drawn the next rows are put there, before they are seen missing. */
const AHEAD_PX = 600;

/** The conversation's entries; stays at the end while the reader is there. Of long ones only a stretch is drawn. */
export function TimelineView() {
  const { state, session, writing } = useWorkplace();
  const t = state.t.value;
  const log = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const rows = useComputed(() => rowsOf(state.timeline.value));
  const cited = useComputed(() => {
    const packet = newestFirst(state.detail.value?.handoffs ?? [])[0]?.packet;
    return packet === undefined ? new Set<number>() : citedBy(packet);
  });
  const highlight = state.highlight.value;
  const { length } = rows.value;
  // Null: the end, however long the conversation grows.
  const [chosen, setChosen] = useState<Stretch | null>(null);
  const stretch = chosen ?? lastStretch(length);
  const keep = useAnchor(log, stretch);
  const lengthBefore = useRef(length);
  useLayoutEffect(() => {
    // Where the end was drawn, what is new is drawn as well; nobody scrolls for it where all fits on the screen.
    if (chosen !== null && chosen.to === lengthBefore.current && length > chosen.to) setChosen({ from: chosen.from, to: length });
    lengthBefore.current = length;
  }, [length, chosen]);
  void state.outbox.value;
  const pending = writing.pending();

  const follows = useRef(true);
  follows.current = atEnd && highlight === null;
  const toEnd = (): void => {
    state.highlight.value = null;
    setChosen(null);
    setAtEnd(true);
    follows.current = true; // already for the effects of this very drawing
  };
  const waiting = useRef(0);
  useLayoutEffect(() => {
    // Who sends something wants to see it.
    if (pending.length > waiting.current) toEnd();
    waiting.current = pending.length;
  }, [pending.length]);
  useLayoutEffect(() => {
    if (follows.current) log.current?.scrollTo({ top: log.current.scrollHeight });
    else if (isBelow(log.current)) setAtEnd(false);
  }, [rows.value, stretch.to, pending.length, atEnd]);
  useEffect(() => {
    // A growing composer must not push the last message out of sight.
    const frame = new ResizeObserver(() => {
      if (follows.current) log.current?.scrollTo({ top: log.current.scrollHeight });
    });
    if (log.current !== null) frame.observe(log.current);
    return () => frame.disconnect();
  }, []);
  useEffect(() => {
    // On a narrow screen another pane may cover this one; who reads further up has not seen the end.
    const seen = (): void => {
      if (follows.current && log.current?.offsetParent) session.saw();
    };
    seen();
    document.addEventListener("visibilitychange", seen);
    return () => document.removeEventListener("visibilitychange", seen);
  }, [rows.value, state.pane.value, state.dialog.value, atEnd, highlight]);
  const first = highlight?.seqs[0];
  const holding = first === undefined ? null : stretchWith(rows.value, stretch, first);
  const there = holding !== null && holding === stretch;
  useLayoutEffect(() => {
    // New entries must not push away what is read, so the stretch does not slide with the end any more.
    if (holding !== null && (!there || chosen === null)) setChosen(holding);
  }, [highlight, there]);
  useEffect(() => {
    // Of a conversation that was not open, the entry comes later.
    if (there) document.getElementById(`entry-${first}`)?.scrollIntoView({ block: "center" });
  }, [highlight, there]);

  const scrolled = (): void => {
    const box = log.current;
    if (box === null) return;
    const below = box.scrollHeight - box.scrollTop - box.clientHeight;
    const wholeEnd = stretch.to >= length;
    const isEnd = wholeEnd && below < NEAR_PX;
    setAtEnd(isEnd);
    if (box.scrollTop < AHEAD_PX && stretch.from > 0) keep(() => setChosen(earlierStretch(stretch)));
    else if (below < AHEAD_PX && !wholeEnd) keep(() => setChosen(laterStretch(stretch, length)));
    else if (highlight === null && (chosen === null) !== isEnd) setChosen(isEnd ? null : stretch);
  };

  return (
    <div class="timeline-frame">
      <div class="timeline" role="log" aria-live="polite" aria-relevant="additions" tabIndex={0} ref={log} onScroll={scrolled}
        aria-label={t("conversation.label", { name: state.card.value?.contact.name || t("list.anonymous") })}>
        {length === 0 && <p class="loading">{t("conversation.loading")}</p>}
        {rows.value.slice(stretch.from, stretch.to).map((row) => (
          <RowView key={row.key} row={row} cited={cited.value} lit={highlight?.seqs ?? NONE} />
        ))}
        {stretch.to >= length && pending.map((draft: Draft) => (
          <PendingRow key={draft.client_id} draft={draft} />
        ))}
      </div>
      {!atEnd && (
        <button class="to-latest" onClick={toEnd}>
          <Icon name="down" />
          {t("conversation.to_latest")}
        </button>
      )}
    </div>
  );
}

const NONE: readonly number[] = [];

/** Whether there is more below what is seen. */
const isBelow = (box: HTMLElement | null): boolean => box !== null && box.scrollHeight - box.scrollTop - box.clientHeight >= NEAR_PX;

/** Keeps what is being read where it is while rows come and go above and below; what is returned makes such a change. */
function useAnchor(log: RefObject<HTMLDivElement | null>, stretch: Stretch): (change: () => void) => void {
  const anchor = useRef<{ readonly row: Element; readonly top: number } | null>(null);
  useLayoutEffect(() => {
    const box = log.current;
    if (box !== null && anchor.current?.row.isConnected) {
      box.scrollTop += anchor.current.row.getBoundingClientRect().top - anchor.current.top;
    }
    anchor.current = null;
  }, [stretch.from, stretch.to]);
  return (change) => {
    if (anchor.current !== null) return; // a change is on its way
    const top = log.current?.getBoundingClientRect().top ?? 0;
    const row = [...(log.current?.children ?? [])].find((each) => each.getBoundingClientRect().bottom > top);
    anchor.current = row === undefined ? null : { row, top: row.getBoundingClientRect().top };
    change();
  };
}

function RowView({ row, cited, lit }: { row: Row; cited: ReadonlySet<number>; lit: readonly number[] }) {
  const { state } = useWorkplace();
  switch (row.kind) {
    case "day":
      return <p class="day"><span>{dayLabel(row.at, state.language.value, new Date(state.now.peek()))}</span></p>;
    case "message":
      return <MessageRow {...row} cited={cited.has(row.entry.seq)} lit={lit.includes(row.entry.seq)} />;
    case "state":
      return <StateLine entry={row.entry} lit={lit.includes(row.entry.seq)} />;
    case "feedback":
      return <FeedbackChip entry={row.entry} lit={lit.includes(row.entry.seq)} />;
    case "rating":
      return <RatingLine entry={row.entry} lit={lit.includes(row.entry.seq)} />;
  }
}
