import { clockTime, dayLabel } from "../../../shared/time";
import { keyFor } from "../../text";
import { deedsOf, type LogLine, type WholeTicket, words } from "../../tickets";
import { holds } from "../../views";
import { Icon } from "../Icon";
import { useWorkplace } from "../workplace";
import { ComplaintView } from "./ComplaintView";
import { Moves } from "./Moves";
import { TicketFiles } from "./TicketFiles";
import { Due, typeName } from "./TicketsPage";

/** One ticket: what it is, whose, its words, and what can be done next. */
export function TicketView({ whole }: { whole: WholeTicket }) {
  const { state, session, tickets } = useWorkplace();
  const t = state.t.value;
  const { ticket } = whole;
  const queueName = (id: string | null): string | null => state.me.value.tenant.queues.find((queue) => queue.id === id)?.name ?? id;
  const toConversation = (conversation: string): void => {
    state.view.value = "desk";
    session.open(conversation);
  };
  return (
    <section class="page-panel ticket" aria-label={ticket.subject}>
      <header>
        <h2>{ticket.subject || t("list.no_preview")}</h2>
        <button class="icon-button" aria-label={t("tickets.close_view")} onClick={() => tickets.leave()}><Icon name="close" /></button>
      </header>
      <p class="ticket-line">
        <span class="badge">{t(`ticket.state.${ticket.state}`)}</span>
        <span>{ticket.number ?? t("tickets.promise")}</span>
        <span>{typeName(ticket.type, t)}</span>
        <span>{t("list.priority", { priority: ticket.priority })}</span>
        <Due ticket={ticket} />
      </p>
      <dl class="facts">
        <dt>{t("tickets.customer")}</dt>
        <dd>{whole.contact?.name || t("list.anonymous")}</dd>
        <dt>{t("tickets.owner")}</dt>
        <dd>{ticket.agent?.name || queueName(ticket.queue) || t("tickets.whose.none")}</dd>
        {Object.entries(ticket.fields ?? {}).map(([name, value]) => <Field key={name} name={name} value={value} />)}
      </dl>
      <p class="ticket-line">
        {whole.conversations.map((conversation, index) => (
          <button key={conversation} class="small" onClick={() => toConversation(conversation)}>
            {t("tickets.conversation", { n: index + 1 })}
          </button>
        ))}
      </p>
      {holds(state, "tickets.work") && <Deeds whole={whole} />}
      {whole.complaint !== undefined && <ComplaintView complaint={whole.complaint} ticket={ticket.id} />}
      <TicketFiles whole={whole} />
      <Log lines={whole.log} />
    </section>
  );
}

function Field({ name, value }: { name: string; value: string }) {
  const { state } = useWorkplace();
  const key = keyFor("ticket.field", name);
  return (
    <>
      <dt>{key === null ? name : state.t.value(key)}</dt>
      <dd>{value}</dd>
    </>
  );
}

function Deeds({ whole }: { whole: WholeTicket }) {
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const { id } = whole.ticket;
  const { text, audience } = tickets.wordsOf(id);
  const deeds = deedsOf(whole.ticket);
  const said = (event: SubmitEvent): void => {
    event.preventDefault();
    void tickets.say();
  };
  return (
    <>
      <div class="ticket-line">
        {deeds.map((deed) => (
          <button key={deed} class={deed === (deeds.includes("take") ? "take" : "resolve") ? "primary" : undefined} onClick={() => void tickets.command(deed)}>
            {t(`ticket.do.${deed}`)}
          </button>
        ))}
        {whole.complaint === undefined && whole.ticket.number !== null && (
          <button onClick={() => void tickets.command("complaint")}>{t("ticket.do.complaint")}</button>
        )}
      </div>
      {whole.ticket.number !== null && <Moves whole={whole} />}
      <form class={`ticket-words mode-${audience === "internal" ? "note" : "reply"}`} onSubmit={said}>
        <div class="modes" role="radiogroup" aria-label={t("composer.mode")}>
          {(["internal", "public"] as const).map((each) => (
            <label key={each} class={each === audience ? "mode on" : "mode"}>
              <input type="radio" name="audience" checked={each === audience} onChange={() => tickets.write(id, { audience: each })} />
              {t(`ticket.to.${each}`)}
            </label>
          ))}
        </div>
        <textarea rows={3} value={text} maxLength={8000} aria-label={t(`ticket.to.${audience}`)}
          placeholder={t(audience === "internal" ? "composer.note_placeholder" : "ticket.public_hint")}
          onInput={(event) => tickets.write(id, { text: event.currentTarget.value })} />
        <button class="primary" disabled={text.trim() === ""}>{t(audience === "internal" ? "composer.save_note" : "composer.send")}</button>
      </form>
    </>
  );
}

function Log({ lines }: { lines: readonly LogLine[] }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  if (lines.length === 0) return null;
  return (
    <section aria-label={t("tickets.log")}>
      <h3>{t("tickets.log")}</h3>
      <ol class="ticket-log">
        {lines.map((line) => {
          const key = keyFor("ticket.did", line.kind);
          const who = line.actor.name || (line.actor.kind === "customer" ? t("author.customer") : t("author.system"));
          return (
            <li key={line.n} class={line.audience}>
              <span class="hint">
                {dayLabel(line.at, state.language.value)} {clockTime(line.at, state.language.value)} · {who} · {key === null ? line.kind : t(key)}
              </span>
              {words(line.body) !== "" && <p class="plain">{words(line.body)}</p>}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
