import { useState } from "preact/hooks";
import type { ChannelAccount } from "../../channels";
import { useWorkplace } from "../workplace";

interface Props {
  readonly account: ChannelAccount;
  readonly done: () => void;
}
type Values = Readonly<Record<string, string>>;

/** The name of an account and what it was told that is no secret. */
export function EditChannel({ account, done }: Props) {
  const { state, channels } = useWorkplace();
  const t = state.t.value;
  const [name, setName] = useState(account.name);
  const [fields, setFields] = useState<Values>(account.options ?? {});
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (await channels.change(account, name, fields)) done();
  };
  const secret = account.secrets ?? {};
  return (
    <form class="article-form" onSubmit={(event) => void submit(event)}>
      <label>{t("contact.name")}
        <input required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <FieldLines account={account} wanted={(field) => !(field in secret)} values={fields} set={setFields} />
      <Ends submit={t("people.save")} done={done} />
    </form>
  );
}

/** New secrets: until the rotation is finished both are valid, so that no event is lost meanwhile. */
export function RotateSecrets({ account, done }: Props) {
  const { state, channels } = useWorkplace();
  const t = state.t.value;
  const [fields, setFields] = useState<Values>({});
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (await channels.rotate(account, fields)) done();
  };
  const secret = account.secrets ?? {};
  return (
    <form class="article-form" onSubmit={(event) => void submit(event)}>
      <p class="hint">{t("channels.rotate_hint")}</p>
      <FieldLines account={account} wanted={(field) => field in secret} values={fields} set={setFields} />
      <Ends submit={t("channels.rotate")} done={done} />
    </form>
  );
}

function FieldLines({ account, wanted, values, set }: { account: ChannelAccount; wanted: (field: string) => boolean; values: Values; set: (values: Values) => void }) {
  const { channels } = useWorkplace();
  const kind = channels.kinds.value[account.channel];
  return (
    <>
      {Object.entries(kind?.fields ?? {}).filter(([field]) => wanted(field)).map(([field, explained]) => (
        <label key={field}>{explained}
          <input autocomplete="off" value={values[field] ?? ""} onInput={(event) => set({ ...values, [field]: event.currentTarget.value })} />
        </label>
      ))}
    </>
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
