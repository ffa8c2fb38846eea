import { useState } from "preact/hooks";
import { fieldWords, isSecret } from "../../channel_words";
import { askedAgain, type ChannelAccount, type ChannelKind } from "../../channels";
import { useWorkplace } from "../workplace";

interface Props {
  readonly account: ChannelAccount;
  readonly done: () => void;
}
type Values = Readonly<Record<string, string>>;

/** The name of an account and what it was told that is no secret; a server that is named anew is given its secrets. */
export function EditChannel({ account: present, done }: Props) {
  const { state, channels } = useWorkplace();
  const t = state.t.value;
  const [account] = useState(present); // the list may be read again meanwhile; only what is changed here is sent
  const [name, setName] = useState(account.name);
  const [fields, setFields] = useState<Values>(account.options ?? {});
  const [given, setGiven] = useState<Values>({});
  const [tokenEnd, setTokenEnd] = useState("");
  const kind = channels.kinds.value[account.channel];
  const again = askedAgain(account, kind, fields);
  const edit = (next: Values): void => {
    // What was typed for one server is not for the next one.
    if (Object.keys(kind?.servers ?? {}).some((server) => next[server] !== fields[server])) setGiven({});
    setFields(next);
  };
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (await channels.change(account, name, fields, given, tokenEnd)) done();
  };
  const secret = account.secrets ?? {};
  return (
    <form class="article-form" onSubmit={(event) => void submit(event)}>
      <label>{t("contact.name")}
        <input required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <FieldLines account={account} wanted={(field) => !(field in secret)} values={fields} set={edit} />
      <TokenEnd kind={kind} value={tokenEnd} set={setTokenEnd} />
      {again.length > 0 && (
        <>
          <p class="hint" role="status">{t("channels.again")}</p>
          <FieldLines account={account} wanted={(field) => again.includes(field)} values={given} set={setGiven} required />
        </>
      )}
      <Ends submit={t("people.save")} done={done} />
    </form>
  );
}

/** New secrets: until the rotation is finished both are valid, so that no event is lost meanwhile. */
export function RotateSecrets({ account, done }: Props) {
  const { state, channels } = useWorkplace();
  const t = state.t.value;
  const [fields, setFields] = useState<Values>({});
  const [tokenEnd, setTokenEnd] = useState("");
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (await channels.rotate(account, fields, tokenEnd)) done();
  };
  const secret = account.secrets ?? {};
  return (
    <form class="article-form" onSubmit={(event) => void submit(event)}>
      <p class="hint">{t("channels.rotate_hint")}</p>
      <FieldLines account={account} wanted={(field) => field in secret} values={fields} set={setFields} />
      <TokenEnd kind={channels.kinds.value[account.channel]} value={tokenEnd} set={setTokenEnd} />
      <Ends submit={t("channels.rotate")} done={done} />
    </form>
  );
}

interface LinesProps {
  readonly account: ChannelAccount;
  readonly wanted: (field: string) => boolean;
  readonly values: Values;
  readonly set: (values: Values) => void;
  readonly required?: boolean;
}

function FieldLines({ account, wanted, values, set, required = false }: LinesProps) {
  const { state, channels } = useWorkplace();
  const kind = channels.kinds.value[account.channel];
  return (
    <>
      {Object.entries(kind?.fields ?? {}).filter(([field]) => wanted(field)).map(([field, explained]) => (
        <label key={field}>{fieldWords(explained, state.language.value)}
          <FieldInput explained={explained} required={required} value={values[field] ?? ""} set={(value) => set({ ...values, [field]: value })} />
        </label>
      ))}
    </>
  );
}

interface InputProps {
  readonly explained: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly required?: boolean;
}

/** A field of an account; of a secret one dots are shown. */
export function FieldInput({ explained, value, set, required = false }: InputProps) {
  const typing = { required, value, onInput: (event: { currentTarget: HTMLInputElement }) => set(event.currentTarget.value) };
  return isSecret(explained) ? <input type="password" autocomplete="new-password" {...typing} /> : <input autocomplete="off" {...typing} />;
}

/** The day on which the access token ends; left empty, the platform's usual time is taken for it. */
export function TokenEnd({ kind, value, set }: { kind: ChannelKind | undefined; value: string; set: (day: string) => void }) {
  const t = useWorkplace().state.t.value;
  if (kind?.token_ends !== true) return null;
  return (
    <label>{t("channels.token_end")}
      <input type="date" value={value} onInput={(event) => set(event.currentTarget.value)} />
    </label>
  );
}

function Ends({ submit, done }: { submit: string; done: () => void }) {
  return (
    <footer>
      <button class="primary">{submit}</button>
      <button type="button" onClick={done}>{useWorkplace().state.t.value("dialog.cancel")}</button>
    </footer>
  );
}
