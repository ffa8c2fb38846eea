import { useState } from "preact/hooks";
import type { Choice } from "../../../shared/protocol";
import { keyFor } from "../../text";
import { type Complaint, hundredths, money, type Remedy, remedyDeeds } from "../../tickets";
import { holds } from "../../views";
import { Icon } from "../Icon";
import { useWorkplace } from "../workplace";

/** What the register keeps of a complaint: class and cause, what is there and what is missing, remedies, the case file. */
export function ComplaintView({ complaint, ticket }: { complaint: Complaint; ticket: string }) {
  const { state, tickets, api } = useWorkplace();
  const t = state.t.value;
  const chosen = state.me.value.tenant.complaints;
  const works = holds(state, "complaints.work");
  return (
    <section class="complaint" aria-label={t("complaint.title")}>
      <h3>{t("complaint.title")}</h3>
      {complaint.threat !== null && <p class="page-failed">{t("complaint.threat")}</p>}
      {complaint.wanted !== "" && <p><b>{t("complaint.wanted")}</b> {complaint.wanted}</p>}
      <div class="pair">
        <Pick label={t("complaint.category")} value={complaint.category} choices={chosen?.categories ?? []} disabled={!works}
          onPick={(category) => void tickets.onComplaint("classify", { category })} />
        <Pick label={t("complaint.cause")} value={complaint.cause ?? ""} choices={chosen?.causes ?? []} disabled={!works}
          onPick={(cause) => void tickets.onComplaint("classify", { cause })} />
      </div>
      <ul class="checklist" aria-label={t("complaint.evidence")}>
        {complaint.checklist.map(({ kind, there }) => {
          const key = keyFor("complaint.evidence", kind);
          return (
            <li key={kind} class={there ? "there" : "missing"}>
              <Icon name={there ? "check" : "close"} />
              {key === null ? kind : t(key)}
              <span class="hint">{t(there ? "complaint.there" : "complaint.missing")}</span>
            </li>
          );
        })}
      </ul>
      <Remedies complaint={complaint} />
      <p class="ticket-line">
        {(["case.html", "case.json"] as const).map((file) => (
          <a key={file} class="button" href={api.link(`/v1/complaints/${encodeURIComponent(ticket)}/${file}${file === "case.html" ? `?language=${state.language.value}` : ""}`)}
            target="_blank" rel="noopener">
            {t(`complaint.${file === "case.html" ? "print" : "data"}`)}
          </a>
        ))}
      </p>
    </section>
  );
}

interface PickProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly disabled: boolean;
  readonly onPick: (id: string) => void;
}

function Pick({ label, value, choices, disabled, onPick }: PickProps) {
  const { state } = useWorkplace();
  return (
    <label>{label}
      <select value={value} disabled={disabled} onChange={(event) => onPick(event.currentTarget.value)}>
        {!choices.some((each) => each.id === value) && <option value={value}>{value || "–"}</option>}
        {choices.map((each) => <option key={each.id} value={each.id}>{each[state.language.value]}</option>)}
      </select>
    </label>
  );
}

function Remedies({ complaint }: { complaint: Complaint }) {
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const kinds = state.me.value.tenant.complaints?.remedies ?? [];
  const [kind, setKind] = useState(kinds[0]?.id ?? "");
  const [typed, setTyped] = useState("");
  const amount = typed.trim() === "" ? 0 : hundredths(typed);
  const propose = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (amount !== null && (await tickets.onComplaint("remedies", { kind, amount }))) setTyped("");
  };
  return (
    <>
      <ul class="rows">
        {complaint.remedies.map((remedy) => <RemedyLine key={remedy.id} remedy={remedy} complaint={complaint} />)}
      </ul>
      {holds(state, "complaints.work") && (
        <form class="try" onSubmit={(event) => void propose(event)}>
          <select aria-label={t("complaint.remedy")} value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            {kinds.map((each) => <option key={each.id} value={each.id}>{each[state.language.value]}</option>)}
          </select>
          <input inputMode="decimal" value={typed} aria-label={t("complaint.amount", { currency: complaint.currency })}
            placeholder={t("complaint.amount", { currency: complaint.currency })} onInput={(event) => setTyped(event.currentTarget.value)} />
          <button disabled={amount === null}>{t("complaint.propose")}</button>
        </form>
      )}
    </>
  );
}

function RemedyLine({ remedy, complaint }: { remedy: Remedy; complaint: Complaint }) {
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const named = state.me.value.tenant.complaints?.remedies.find((each) => each.id === remedy.kind);
  const stateKey = keyFor("remedy", remedy.state);
  const deeds = holds(state, "complaints.work") ? remedyDeeds(remedy, state.me.value.agent.id, holds(state, "complaints.decide")) : [];
  return (
    <li class="ticket-line">
      <span>{named?.[state.language.value] ?? remedy.kind}</span>
      {remedy.amount > 0 && <b>{money(remedy.amount)} {complaint.currency}</b>}
      <span class="badge">{stateKey === null ? remedy.state : t(stateKey)}</span>
      <span class="hint">{remedy.proposed_by.name}</span>
      {deeds.map((deed) => (
        <button key={deed} class={deed === "approve" ? "small primary" : "small"} onClick={() => void tickets.onRemedy(remedy, deed)}>
          {t(deed === "done" ? "remedy.carry_out" : `remedy.${deed}`)}
        </button>
      ))}
    </li>
  );
}
