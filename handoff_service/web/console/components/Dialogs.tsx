import { useState } from "preact/hooks";
import { HELP } from "../shortcuts";
import { AsideForm } from "./AsideForm";
import { BulkForm } from "./BulkForm";
import { EscalateForm } from "./EscalateForm";
import { FormDialog, Modal, NoteField } from "./Modal";
import { Palette } from "./Palette";
import { PhotosForm } from "./Photos";
import { SignOffForm } from "./SignOffForm";
import { TicketForm } from "./tickets/TicketForm";
import { TransferForm } from "./TransferForm";
import { useWorkplace } from "./workplace";

/** The one dialog that is open. */
export function Dialogs() {
  const { state } = useWorkplace();
  switch (state.dialog.value) {
    case null:
      return null;
    case "transfer":
      return <TransferForm />;
    case "give_back":
      return <GiveBackForm />;
    case "aside":
      return <AsideForm />;
    case "escalate":
      return <EscalateForm />;
    case "sign_off":
    case "offline":
      return <SignOffForm leaves={state.dialog.value === "sign_off"} />;
    case "close":
      return <CloseForm />;
    case "ticket":
      return <TicketForm />;
    case "block":
      return <BlockForm />;
    case "export":
      return <ExportForm />;
    case "bulk":
      return <BulkForm />;
    case "photos":
      return <PhotosForm />;
    case "palette":
      return <Palette />;
    case "shortcuts":
      return <ShortcutList />;
  }
}

function GiveBackForm() {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const [summary, setSummary] = useState("");
  return (
    <FormDialog name="give-back" title={t("give_back.title")} submit={t("give_back.submit")} run={() => verbs.giveBack(summary)}>
      <p>{t("give_back.lead")}</p>
      <NoteField label={t("give_back.note")} value={summary} onValue={setSummary} />
    </FormDialog>
  );
}

function CloseForm() {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const [code, setCode] = useState("");
  const [note, setNote] = useState("");
  const run = async (): Promise<string | boolean> => (code === "" ? t("close.code_missing") : verbs.close(code, note));
  return (
    <FormDialog name="close" title={t("close.title")} submit={t("close.submit")} run={run}>
      <fieldset class="choices">
        <legend>{t("close.code")}</legend>
        {state.me.value.tenant.wrap_up_codes.map((each, index) => (
          <label key={each.id} class="choice">
            <input type="radio" name="wrap_up" value={each.id} checked={code === each.id} data-first={index === 0 ? true : undefined}
              onChange={() => setCode(each.id)} />
            {each[state.language.value]}
          </label>
        ))}
      </fieldset>
      <NoteField label={t("close.note")} value={note} onValue={setNote} />
    </FormDialog>
  );
}

function BlockForm() {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const detail = state.detail.value;
  const name = detail?.contact.name || t("list.anonymous");
  const run = async (): Promise<string | boolean> =>
    detail === null ? false : verbs.block(detail.card.conversation, detail.contact.id);
  return (
    <FormDialog name="block" title={t("block.title", { name })} submit={t("block.submit")} run={run}>
      <p>{t("block.lead")}</p>
    </FormDialog>
  );
}

function ExportForm() {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const conversation = state.current.value;
  const [format, setFormat] = useState<"text" | "json">("text");
  const [notes, setNotes] = useState(false);
  const run = async (): Promise<string | boolean> => (conversation === null ? false : verbs.exportFile(conversation, { format, notes }));
  return (
    <FormDialog name="export" title={t("export.title")} submit={t("export.submit")} run={run}>
      <fieldset class="choices">
        <legend>{t("export.format")}</legend>
        {(["text", "json"] as const).map((each, index) => (
          <label key={each} class="choice">
            <input type="radio" name="format" checked={format === each} data-first={index === 0 ? true : undefined} onChange={() => setFormat(each)} />
            {t(`export.${each}`)}
          </label>
        ))}
      </fieldset>
      <label class="plain-keys">
        <input type="checkbox" checked={notes} onChange={(event) => setNotes(event.currentTarget.checked)} />
        {t("export.notes")}
      </label>
      <p class="hint">{t("export.lead")}</p>
    </FormDialog>
  );
}

function ShortcutList() {
  const { state, session } = useWorkplace();
  const t = state.t.value;
  return (
    <Modal name="shortcuts" label={t("shortcuts.title")}>
      <h2>{t("shortcuts.title")}</h2>
      <dl class="shortcuts">
        {HELP.map(({ keys, text }) => (
          <div key={text}>
            <dt>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{t(text)}</dd>
          </div>
        ))}
      </dl>
      <label class="plain-keys">
        <input type="checkbox" checked={state.plainKeys.value} onChange={(event) => session.usePlainKeys(event.currentTarget.checked)} />
        {t("shortcuts.plain")}
      </label>
      <footer>
        <button class="primary" data-first onClick={() => (state.dialog.value = null)}>{t("shortcuts.close")}</button>
      </footer>
    </Modal>
  );
}
