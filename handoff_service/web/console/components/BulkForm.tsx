import { useState } from "preact/hooks";
import { fromLocalInput, laters, localInput, tagsOf } from "../aside";
import { type BulkAction, chosenCards } from "../bulk";
import { FormDialog, Modal, NoteField } from "./Modal";
import { useWorkplace } from "./workplace";

/** Asks what the chosen action needs, then says of each conversation how it went. */
export function BulkForm() {
  const { bulk } = useWorkplace();
  return bulk.results.value.length > 0 ? <Results /> : <Question />;
}

function Question() {
  const { state, bulk } = useWorkplace();
  const t = state.t.value;
  const { tenant, agent } = state.me.value;
  const kind = bulk.kind.value;
  const count = chosenCards(state.desk.value, bulk.chosen.value).length;
  const [code, setCode] = useState("");
  const [tags, setTags] = useState("");
  const [until, setUntil] = useState(() => localInput(laters(new Date(state.now.value))[0]?.at ?? new Date(state.now.value)));
  const [to, setTo] = useState("");
  const [note, setNote] = useState("");
  const action = (): BulkAction | null => {
    const at = fromLocalInput(until);
    switch (kind) {
      case "close":
        return code === "" ? null : { do: "close", wrapUp: code, note };
      case "tag":
        return tagsOf(tags).length === 0 ? null : { do: "tag", tags: tagsOf(tags) };
      case "aside":
        return at === null || at.getTime() <= state.now.value ? null : { do: "aside", until: at };
      case "transfer":
        return to === "" ? null : { do: "transfer", to: receiver(to), note };
      case "accept":
        return { do: "accept" };
    }
  };
  const run = async (): Promise<string | boolean> => {
    const chosen = action();
    if (chosen === null) return t("bulk.missing");
    await bulk.run(chosen);
    return false; // stays, and shows how each of them went
  };
  const progress = bulk.progress.value;
  return (
    <FormDialog name="bulk" title={t(`bulk.ask.${kind}`, { count })} submit={t(`bulk.${kind}`)} run={run}>
      {kind === "close" && (
        <label class="field-line">{t("close.code")}
          <select data-first value={code} onChange={(event) => setCode(event.currentTarget.value)}>
            <option value="">–</option>
            {tenant.wrap_up_codes.map((each) => <option key={each.id} value={each.id}>{each[state.language.value]}</option>)}
          </select>
        </label>
      )}
      {kind === "tag" && (
        <label class="field-line">{t("tags.label")}
          <input data-first value={tags} maxLength={300} list="bulk-tags" placeholder={t("tags.placeholder")} onInput={(event) => setTags(event.currentTarget.value)} />
          <datalist id="bulk-tags">{(tenant.tags ?? []).map(({ id }) => <option key={id} value={id} />)}</datalist>
        </label>
      )}
      {kind === "aside" && (
        <label class="field-line">{t("aside.exactly")}
          <input data-first type="datetime-local" value={until} onInput={(event) => setUntil(event.currentTarget.value)} />
        </label>
      )}
      {kind === "transfer" && (
        <label class="field-line">{t("transfer.title")}
          <select data-first value={to} onChange={(event) => setTo(event.currentTarget.value)}>
            <option value="">–</option>
            <optgroup label={t("transfer.queues")}>
              {tenant.queues.map(({ id, name }) => <option key={id} value={`queue ${id}`}>{name}</option>)}
            </optgroup>
            <optgroup label={t("transfer.agents")}>
              {state.desk.value.agents.filter(({ id, status }) => id !== agent.id && status !== "offline").map(({ id, name, open, capacity }) => (
                <option key={id} value={`agent ${id}`} disabled={open >= capacity}>{name} {t("presence.load", { open, capacity })}</option>
              ))}
            </optgroup>
          </select>
        </label>
      )}
      {(kind === "close" || kind === "transfer") && <NoteField label={t("close.note")} value={note} onValue={setNote} />}
      {progress !== null && <p role="status">{t("bulk.progress", { done: progress.done, all: progress.all })}</p>}
    </FormDialog>
  );
}

function receiver(chosen: string): { to_agent: string } | { to_queue: string } {
  const [kind = "", id = ""] = chosen.split(" ");
  return kind === "agent" ? { to_agent: id } : { to_queue: id };
}

function Results() {
  const { state, bulk } = useWorkplace();
  const t = state.t.value;
  const results = bulk.results.value;
  const done = results.filter(({ outcome }) => outcome === true).length;
  const undo = bulk.undo.value;
  const close = (): void => {
    state.dialog.value = null;
    bulk.results.value = [];
    if (bulk.chosen.value.size === 0) bulk.select(false);
  };
  return (
    <Modal name="bulk" label={t("bulk.results")}>
      <h2 aria-live="polite">{t("bulk.done", { done, all: results.length })}</h2>
      <ul class="bulk-results">
        {results.map(({ card, outcome }) => (
          <li key={card.conversation} class={outcome === true ? "good" : "bad"}>
            <span>{outcome === true ? "✓" : "✗"}</span>
            <span>{card.contact.name || t("list.anonymous")}</span>
            {outcome !== true && <span class="hint">{outcome}</span>}
          </li>
        ))}
      </ul>
      <footer>
        {undo !== null && <button onClick={() => void undo()}>{t("bulk.undo")}</button>}
        <button class="primary" data-first onClick={close}>{t("shortcuts.close")}</button>
      </footer>
    </Modal>
  );
}
