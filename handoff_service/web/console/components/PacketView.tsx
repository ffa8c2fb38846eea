import type { Handoff } from "../../shared/protocol";
import { groupsOf, type Line } from "../packet";
import { percent, type Translate } from "../text";
import { Priority, ReasonBadge } from "./CardItem";
import { FileLink } from "./Files";
import { MoodLine } from "./MoodLine";

interface PacketProps {
  readonly handoff: Handoff;
  readonly t: Translate;
  readonly cite: (seqs: readonly number[]) => void;
}

/** Why a person is needed and what is known; each line leads to the entries that prove it. */
export function PacketView({ handoff, t, cite }: PacketProps) {
  return (
    <section class="packet" aria-label={t("packet.title")}>
      <header>
        <h3>{t("packet.title")}</h3>
        <ReasonBadge reason={handoff.reason} t={t} />
        <Priority priority={handoff.priority} t={t} />
      </header>
      {groupsOf(handoff.packet, t).map(({ title, lines }) => (
        <div key={title} class={`group ${title.replace("packet.", "group-")}`}>
          <h4>{t(title)}</h4>
          <ul>
            {lines.map((line, index) => (
              <li key={index}><PacketLine line={line} t={t} cite={cite} /></li>
            ))}
          </ul>
          {title === "packet.mood" && <MoodLine mood={handoff.packet.mood} t={t} />}
        </div>
      ))}
    </section>
  );
}

function PacketLine({ line, t, cite }: { line: Line; t: Translate; cite: PacketProps["cite"] }) {
  const { label, text, score, entries, file } = line;
  const seqs = entries.map((seq) => `#${seq}`).join(" ");
  const content = (
    <>
      {label !== null && <span class="line-label">{label}</span>}
      {(file === undefined || entries.length > 0) && <span class="line-text" dir="auto">{text}</span>}
      {score !== null && <><progress class="score" max={1} value={score} aria-hidden="true" /><b>{percent(score)}</b></>}
      {entries.length > 0 && <span class="line-seqs">{seqs}</span>}
    </>
  );
  const saved = file !== undefined && <FileLink file={file} t={t} />;
  if (entries.length === 0) return <span class="packet-line">{content}{saved}</span>;
  return (
    <>
      <button class="packet-line" title={t("packet.go", { seqs })} onClick={() => cite(entries)}>{content}</button>
      {saved}
    </>
  );
}
