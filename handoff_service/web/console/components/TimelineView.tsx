import { useComputed } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Draft } from "../../shared/outbox";
import { dayLabel } from "../../shared/time";
import { citedBy, newestFirst } from "../packet";
import { PAGE, reaching, type Row, rowsOf } from "../timeline";
import { FeedbackChip, MessageRow, PendingRow, RatingLine, StateLine } from "./EntryRows";
import { Icon } from "./Icon";
import { useWorkplace } from "./workplace";

const NEAR_PX = 80;

/** The conversation's entries; stays at the end while the reader is there. */
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
  const [drawn, setDrawn] = useState(PAGE);
  const shown = rows.value.slice(-reaching(rows.value, drawn, highlight?.seqs[0]));
  // How tall the list was before earlier rows were put above what is being read.
  const heightBefore = useRef<number | null>(null);
  void state.outbox.value;
  const pending = writing.pending();

  const toEnd = (): void => {
    state.highlight.value = null;
    setAtEnd(true);
  };
  const follows = useRef(true);
  follows.current = atEnd && highlight === null;
  const waiting = useRef(0);
  useLayoutEffect(() => {
    // Who sends something wants to see it.
    if (pending.length > waiting.current) toEnd();
    waiting.current = pending.length;
  }, [pending.length]);
  useLayoutEffect(() => {
    if (follows.current) log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [rows.value, pending.length, atEnd]);
  useLayoutEffect(() => {
    const box = log.current;
    if (box !== null && heightBefore.current !== null) box.scrollTop += box.scrollHeight - heightBefore.current;
    heightBefore.current = null;
  }, [drawn]);
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
  const there = first !== undefined && rows.value.some((row) => row.kind !== "day" && row.entry.seq === first);
  useEffect(() => {
    // Of a conversation that was not open, the entry comes later.
    if (there) document.getElementById(`entry-${first}`)?.scrollIntoView({ block: "center" });
  }, [highlight, there]);

  const scrolled = (): void => {
    const box = log.current;
    if (box === null) return;
    setAtEnd(box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX);
    if (box.scrollTop < NEAR_PX && shown.length < rows.value.length && heightBefore.current === null) {
      heightBefore.current = box.scrollHeight;
      setDrawn(shown.length + PAGE);
    }
  };

  return (
    <div class="timeline-frame">
      <div class="timeline" role="log" aria-live="polite" aria-relevant="additions" tabIndex={0} ref={log} onScroll={scrolled}
        aria-label={t("conversation.label", { name: state.card.value?.contact.name || t("list.anonymous") })}>
        {rows.value.length === 0 && <p class="loading">{t("conversation.loading")}</p>}
        {shown.map((row) => (
          <RowView key={row.key} row={row} cited={cited.value} lit={highlight?.seqs ?? []} />
        ))}
        {pending.map((draft: Draft) => (
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
