import { localName, type TextKey, type Translate } from "../text";
import type { Language } from "../../shared/protocol";
import type { ChoiceOf } from "./sections";
import { type Item, isItem, itemsOf, textOf, type Value } from "./values";

/** What can be chosen: as the file says it, and as people read it. */
export interface Choice {
  readonly value: string;
  readonly name: string;
}
export interface Known {
  readonly document: Item;
  /** Names of the platforms by channel. */
  readonly channels: Readonly<Record<string, { readonly platform: string }>>;
  readonly language: Language;
  readonly t: Translate;
}

const FIXED: Readonly<Partial<Record<ChoiceOf, Readonly<Record<string, TextKey>>>>> = {
  modes: { claim: "form.claim", offer: "form.offer_best" },
  offers: { message: "form.message", callback: "form.callback" },
  actions: { block: "form.block", warn: "form.warn" },
  evidence: { order_number: "complaint.evidence.order_number", pictures: "complaint.evidence.pictures", transcript: "complaint.evidence.transcript", statement: "complaint.evidence.statement" },
  roles: { agent: "role.agent", expert: "role.expert", supervisor: "role.supervisor", admin: "role.admin", owner: "role.owner" },
  kinds: { live: "form.live", message: "form.left_message" },
  languages: { zh: "form.zh", en: "form.en" },
  days: { mon: "form.mon", tue: "form.tue", wed: "form.wed", thu: "form.thu", fri: "form.fri", sat: "form.sat", sun: "form.sun" },
};

/** What a list has now; `present`: what is chosen already, which stays possible whatever the list has. */
export function choicesOf(of: ChoiceOf, { document, channels, language, t }: Known, present: readonly Value[]): readonly Choice[] {
  const found = (): readonly Choice[] => {
    switch (of) {
      case "queues":
        return itemsOf(document["queues"]).map(({ id, name }) => ({ value: textOf(id), name: textOf(name) }));
      case "places":
        return [
          ...choicesOf("queues", { document, channels, language, t }, []),
          { value: "mailbox", name: t("form.mailbox") }, { value: "callback", name: t("form.callback") },
        ];
      case "calendars":
        return Object.keys(isItem(document["calendars"]) ? document["calendars"] : {}).map((id) => ({ value: id, name: id }));
      case "skills":
        return itemsOf(document["skills"]).map(({ id, zh, en }) => ({ value: textOf(id), name: localName({ zh: textOf(zh), en: textOf(en) }, language) }));
      case "channels":
        return [{ value: "web", name: t("form.web") }, ...Object.entries(channels).map(([id, { platform }]) => ({ value: id, name: platform }))];
      default:
        return Object.entries(FIXED[of] ?? {}).map(([value, key]) => ({ value, name: t(key) }));
    }
  };
  const listed = found();
  const unlisted = present.map(textOf).filter((value) => value !== "" && !listed.some((one) => one.value === value));
  return [...listed, ...unlisted.map((value) => ({ value, name: value }))];
}

/** Names that a text field proposes. */
export const proposed = (known: "zones" | "countries"): readonly string[] =>
  known === "zones" ? Intl.supportedValuesOf("timeZone") : ["CN", "HK", "TW", "SG", "JP", "KR", "US", "GB", "DE", "FR"];
