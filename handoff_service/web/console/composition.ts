import type { Signal } from "@preact/signals";
import { type SocketFactory, TandemClient } from "../shared/client";
import { newId } from "../shared/ids";
import type { Language, Me } from "../shared/protocol";
import { browserStorage } from "../shared/storage";
import { Administration } from "./administration";
import type { Api } from "./api";
import { ApiKeys } from "./api_keys";
import { Bulk } from "./bulk";
import { Calls } from "./calls";
import { Channels } from "./channels";
import { Register } from "./complaints";
import { Articles } from "./articles";
import { Drafts } from "./drafts";
import { Forms } from "./forms/forms";
import { Learning } from "./learning";
import { Popups } from "./popups";
import { Privacy } from "./privacy";
import { Reports } from "./reports";
import { Session, type SignedOut } from "./session";
import { Bell } from "./sound";
import { DeskState } from "./state";
import { Tickets } from "./tickets";
import { Training } from "./training";
import { Translations } from "./translations";
import { Verbs } from "./verbs";
import { Wall } from "./wall";
import { Webhooks } from "./webhooks";
import { Writing } from "./writing";

/** One signed-in agent's desk. */
export interface Workplace {
  readonly state: DeskState;
  readonly session: Session;
  readonly writing: Writing;
  readonly verbs: Verbs;
  readonly bulk: Bulk;
  readonly translations: Translations;
  readonly training: Training;
  readonly wall: Wall;
  readonly articles: Articles;
  readonly learning: Learning;
  readonly reports: Reports;
  readonly tickets: Tickets;
  readonly register: Register;
  readonly calls: Calls;
  readonly administration: Administration;
  readonly forms: Forms;
  readonly channels: Channels;
  readonly webhooks: Webhooks;
  readonly apiKeys: ApiKeys;
  readonly privacy: Privacy;
  readonly popups: Popups;
  readonly client: TandemClient;
  readonly api: Api;
}
export interface DeskOptions {
  readonly me: Me;
  readonly api: Api;
  readonly language: Signal<Language>;
  readonly signedOut: SignedOut;
  readonly socket?: SocketFactory;
}

/** Puts the desk of one agent together; everything he keeps in the browser is under his own id. */
export function createDesk({ me, api, language, signedOut, socket }: DeskOptions): Workplace {
  const memory = browserStorage("localStorage", `tandem.console.${me.agent.id}.`);
  const drafts = new Drafts(memory);
  const state = new DeskState({ me, language, storedDraft: (conversation) => drafts.read(conversation) });
  const client = new TandemClient({
    baseUrl: "",
    // One per page: a second tab is a second device, not a replacement of the first.
    device: newId("d_"),
    getTicket: api.ticket,
    fetchEntries: api.entries,
    // Tabs share what waits to be sent; a tab that speaks as another company must not send it there.
    storage: api.speakingAs ? browserStorage("localStorage", `tandem.console.${me.agent.id}.${me.tenant.id}.`) : memory,
    language: language.value,
    ...(socket && { socket }),
  });
  const popups = new Popups(memory);
  const session = new Session({ state, client, api, bell: new Bell(), popups, memory, signedOut });
  const writing = new Writing({ state, client, api, drafts, session });
  const calls = new Calls({ state, client, api, session });
  const verbs = new Verbs({ state, api, session, writing, calls, signedOut });
  const bulk = new Bulk({ state, api, session });
  const translations = new Translations({ state, api, session });
  const training = new Training({ api, state, session });
  const tickets = new Tickets({ api, session });
  const register = new Register(api);
  const channels = new Channels({ api, session, state });
  const webhooks = new Webhooks({ api, session, state });
  const apiKeys = new ApiKeys({ api, session, state });
  const privacy = new Privacy({ api, session, state });
  const administration = new Administration({ api, session });
  const forms = new Forms({ api, session, state });
  const articles = new Articles({ api, session, owner: me.agent.name });
  const learning = new Learning({ api, session, state });
  const reports = new Reports({ api, state });
  return { state, session, writing, verbs, bulk, translations, training, wall: new Wall(api), articles, learning, reports, tickets, register, calls, administration, forms, channels, webhooks, apiKeys, privacy, popups, client, api };
}
