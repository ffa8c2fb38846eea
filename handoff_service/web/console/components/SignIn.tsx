import type { Signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { KeyValueStorage } from "../../shared/client";
import type { Language, Me } from "../../shared/protocol";
import { type Api, ApiError } from "../api";
import { signInProblem } from "../problem";
import { signedInHere } from "../speaking";
import { type TextKey, translator } from "../text";
import { LanguageSwitch } from "./LanguageSwitch";

interface SignInProps {
  readonly api: Api;
  readonly language: Signal<Language>;
  readonly settings: KeyValueStorage;
  readonly message: string | null;
  readonly signedIn: (me: Me) => void;
}

export function SignIn({ api, language, settings, message, signedIn }: SignInProps) {
  const t = translator(language.value);
  const [error, setError] = useState<string | null>(message);
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    const first = form.current?.querySelector<HTMLInputElement>("input:placeholder-shown, input[value='']");
    first?.focus();
  }, []);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const field = (name: string): string => String(data.get(name) ?? "");
    const [tenant, email, password] = [field("tenant").trim(), field("email").trim(), field("password")];
    if (tenant === "" || email === "" || password === "") return setError(t("sign_in.missing"));
    setBusy(true);
    setError(null);
    try {
      const me = await signedInHere(api, await api.signIn(tenant, email, password));
      settings.setItem("tenant", tenant);
      signedIn(me);
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      setError(signInProblem(failure, t));
      setBusy(false);
    }
  };

  return (
    <main class="sign-in">
      <form class="sign-in-card" ref={form} onSubmit={submit} noValidate aria-labelledby="sign-in-title">
        <header>
          <span class="logo" aria-hidden="true" />
          <LanguageSwitch language={language} />
        </header>
        <h1 id="sign-in-title">{t("sign_in.title")}</h1>
        <p class="lead">{t("sign_in.lead")}</p>
        <Field name="tenant" label={t("sign_in.tenant")} value={settings.getItem("tenant") ?? "demo"} complete="organization" />
        <Field name="email" label={t("sign_in.email")} inputMode="email" complete="username" />
        <Field name="password" label={t("sign_in.password")} type={shown ? "text" : "password"} complete="current-password">
          <button type="button" class="link" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {t((shown ? "sign_in.hide_password" : "sign_in.show_password") satisfies TextKey)}
          </button>
        </Field>
        <p class="form-error" role="alert">{error}</p>
        <button class="primary wide" disabled={busy}>{t(busy ? "sign_in.busy" : "sign_in.submit")}</button>
      </form>
    </main>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly complete: "organization" | "username" | "current-password";
  readonly type?: "text" | "password";
  readonly inputMode?: "email";
  readonly value?: string;
  readonly children?: preact.ComponentChildren;
}

function Field({ name, label, complete, type = "text", inputMode, value = "", children }: FieldProps) {
  return (
    <div class="field">
      <label for={`sign-in-${name}`}>{label}</label>
      {children}
      {/* The typings know one element per literal type; this one may change between two of them. */}
      <input id={`sign-in-${name}`} name={name} type={type as "text"} inputMode={inputMode} defaultValue={value} placeholder=" " autocomplete={complete}
        autocapitalize="none" spellcheck={false} required />
    </div>
  );
}
