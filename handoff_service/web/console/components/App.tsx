import type { Signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { KeyValueStorage } from "../../shared/client";
import { locale } from "../../shared/i18n";
import type { Language, Me } from "../../shared/protocol";
import { type Api, ApiError } from "../api";
import { createDesk, type Workplace } from "../composition";
import { signInProblem } from "../problem";
import { whoIsHere } from "../speaking";
import { translator } from "../text";
import { DeskPage } from "./DeskPage";
import { SignIn } from "./SignIn";
import { WorkplaceContext } from "./workplace";

export interface AppProps {
  readonly api: Api;
  readonly language: Signal<Language>;
  readonly settings: KeyValueStorage;
}
type Screen = { at: "loading" } | { at: "sign_in"; message: string | null } | { at: "desk"; workplace: Workplace };

/** Sign-in or desk, as the server's session says. */
export function App({ api, language, settings }: AppProps) {
  const [screen, setScreen] = useState<Screen>({ at: "loading" });
  const t = translator(language.value);

  const enter = (me: Me): void => {
    const ended = (): string => translator(language.value)("sign_in.ended");
    const workplace = createDesk({
      me, api, language, signedOut: (why) => leave(workplace, why === "ended" ? ended() : null),
    });
    api.onSignedOut = () => leave(workplace, ended());
    setScreen({ at: "desk", workplace });
  };
  const leave = (workplace: Workplace, message: string | null): void => {
    api.onSignedOut = () => undefined;
    workplace.session.stop();
    setScreen({ at: "sign_in", message });
  };

  useEffect(() => {
    void findSession(api).then((me) => {
      if (me instanceof ApiError) {
        setScreen({ at: "sign_in", message: me.status === 401 ? null : signInProblem(me, translator(language.value)) });
      } else enter(me);
    });
  }, []);

  useEffect(() => {
    document.documentElement.lang = locale(language.value);
    settings.setItem("language", language.value);
  }, [language.value]);

  if (screen.at === "loading") return <p class="loading">{t("app.loading")}</p>;
  if (screen.at === "sign_in") {
    return <SignIn api={api} language={language} settings={settings} message={screen.message} signedIn={enter} />;
  }
  return (
    <WorkplaceContext.Provider value={screen.workplace}>
      <DeskPage />
    </WorkplaceContext.Provider>
  );
}

async function findSession(api: Api): Promise<Me | ApiError> {
  try {
    return await whoIsHere(api);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}
