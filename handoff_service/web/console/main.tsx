import { signal } from "@preact/signals";
import { render } from "preact";
import { chooseLanguage } from "../shared/i18n";
import type { Language } from "../shared/protocol";
import { browserStorage } from "../shared/storage";
import { Api } from "./api";
import { App } from "./components/App";
import { speakingAs } from "./speaking";
import "./styles.css";

const settings = browserStorage("localStorage", "tandem.console.");
const language = signal<Language>(chooseLanguage(settings.getItem("language"), navigator.language));
const root = document.getElementById("desk");
if (root === null) throw new Error("index.html has no #desk");
const api = new Api({ speakingAs: speakingAs(browserStorage("sessionStorage", "tandem.console.")) });
render(<App api={api} language={language} settings={settings} />, root);
