import { signal } from "@preact/signals";
import type { Api } from "./api";
import { Fetching } from "./fetching";
import { importMentions, type MentionReport, mentionsIn } from "./mentions";
import { fullTime } from "../shared/time";
import type { Session } from "./session";
import type { DeskState } from "./state";
import type { TextKey } from "./text";
import { holds } from "./views";

export interface Finding {
  readonly level: "ok" | "warning" | "wrong";
  readonly about: string;
  readonly words: string;
  /** The same in Chinese; the release before this one found it in English only. */
  readonly zh?: string;
}
export interface ChannelAccount {
  readonly id: string;
  readonly channel: string;
  readonly name: string;
  readonly disabled: boolean;
  readonly webhook: string;
  /** What the account was told that is no secret, and of each secret how many are valid. */
  readonly options?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, number>>;
  readonly health: {
    readonly last_event_at: string | null;
    readonly last_error: string | null;
    readonly examined_at: string | null;
    /** What the doctor found then; the release before this one does not tell. */
    readonly findings?: readonly Finding[];
    /** When the access token ends, where that is known. */
    readonly token_until?: string | null;
    /** Until when it is renewed without a person, and whether that is prolonged no more. */
    readonly refresh_until?: string | null;
    readonly refresh_is_last?: boolean;
  };
}
/** What a channel is called, and what an account of it must be told. */
export interface ChannelKind {
  readonly platform: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Fields that name a server, each with the secrets that it is shown. */
  readonly servers?: Readonly<Record<string, readonly string[]>>;
  /** Whether its access tokens are good for some time only. */
  readonly token_ends?: boolean;
}
export type ChannelKinds = Readonly<Record<string, ChannelKind>>;
type Fields = Readonly<Record<string, string>>;

const SOON_MS = 5 * 24 * 3600 * 1000;

/** How the account's access token is: good, soon to be renewed, or of no use any more; null when nobody knows its end. */
export function tokenState({ health }: ChannelAccount, now: number): "good" | "soon" | "ended" | null {
  if (health.token_until == null) return null;
  const left = Date.parse(health.token_until) - now;
  return left <= 0 ? "ended" : left <= SOON_MS ? "soon" : "good";
}

/** Whether the access token is renewed by itself: always, up to a day on which a person must come, or no more; null: never was. */
export function renewalState({ health }: ChannelAccount, now: number): "renews" | "last" | "soon" | "ended" | null {
  if (health.refresh_until == null) return null;
  const left = Date.parse(health.refresh_until) - now;
  if (left <= 0) return "ended";
  if (health.refresh_is_last !== true) return "renews";
  return left <= SOON_MS ? "soon" : "last";
}

/** The beginning of a day here, as the server is told when a token ends; nothing when no day was given. */
export const endOfToken = (day: string): { token_until?: string } => (day === "" ? {} : { token_until: new Date(`${day}T00:00`).toISOString() });

/** The secrets that an account has and that a server would be shown which it has not had before: they are given again. */
export function askedAgain({ options = {}, secrets = {} }: ChannelAccount, kind: ChannelKind | undefined, fields: Fields): readonly string[] {
  const { servers = {} } = kind ?? {};
  const shown = Object.keys(servers).filter((server) => Boolean(fields[server]) && fields[server] !== options[server]).flatMap((server) => servers[server] ?? []);
  return [...new Set(shown)].filter((secret) => (secrets[secret] ?? 0) > 0);
}

/** Accounts on platforms: what there is, how they are, and what the doctor says. */
export class Channels {
  readonly accounts = signal<readonly ChannelAccount[] | null>(null);
  readonly kinds = signal<ChannelKinds>({});
  readonly findings = signal<{ readonly account: string; readonly found: readonly Finding[] } | null>(null);
  /** Secrets that the gateway has made for a new account; shown until dismissed, and never again. */
  readonly made = signal<Fields | null>(null);
  /** What became of the posts that were imported last. */
  readonly imported = signal<MentionReport | null>(null);
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;

  constructor(private readonly parts: { api: Api; session: Session; state: DeskState }) {}

  async start(): Promise<void> {
    const { api } = this.parts;
    await this.fetching.ask("accounts", () => Promise.all([api.channelAccounts(), api.channelKinds()]), ([accounts, kinds]) => {
      this.accounts.value = accounts;
      this.kinds.value = kinds;
    });
  }

  /** Tells whoever looks after accounts, when he comes, which of them will soon be able to send nothing. */
  async warn(): Promise<void> {
    const { state, session, api } = this.parts;
    if (!holds(state, "integrations.manage")) return;
    const accounts = await api.channelAccounts().catch(() => []); // nobody has asked for it
    for (const account of accounts.filter(({ disabled }) => !disabled)) {
      const { token_until, refresh_until } = account.health;
      const token = tokenState(account, Date.now()), renewal = renewalState(account, Date.now());
      const tell = (words: TextKey, until: string | null | undefined): void =>
        session.notify("bad", `${account.name}: ${state.t.value(words, { time: fullTime(until ?? "", state.language.value) })}`);
      if (token === "soon" || token === "ended") tell(`channels.token_${token}`, token_until);
      if (renewal === "soon" || renewal === "ended") tell(`channels.renewal_${renewal}`, refresh_until);
    }
  }

  /** Brings in the posts of a file, and keeps what became of them. */
  async importMentions(text: string): Promise<void> {
    const { rows, refused } = mentionsIn(text);
    this.imported.value = null;
    await this.parts.session.attempt(async () => {
      const report = await importMentions(rows, this.parts.api.importMentions);
      this.imported.value = { ...report, refused: [...refused, ...report.refused].sort((one, other) => one.line - other.line) };
    });
  }

  async examine({ id }: ChannelAccount): Promise<void> {
    await this.parts.session.attempt(async () => {
      this.findings.value = { account: id, found: await this.parts.api.examineChannel(id) };
    });
    await this.start();
  }

  async setDisabled({ id }: ChannelAccount, disabled: boolean): Promise<void> {
    await this.act(() => this.parts.api.changeChannel(id, { disabled }));
  }

  /** Changes the name and what is no secret, an empty field ends; `again`: secrets for a server that it is the first time told of. */
  change(account: ChannelAccount, name: string, fields: Fields, again: Fields = {}, tokenEnd = ""): Promise<boolean> {
    const { options = {} } = account;
    const changed = Object.fromEntries(Object.entries(fields).filter(([field, value]) => value !== (options[field] ?? "")));
    return this.act(() => this.parts.api.changeChannel(account.id, { name, fields: { ...changed, ...again }, ...endOfToken(tokenEnd) }));
  }

  /** New secrets beside the present ones; those that Tandem makes itself are shown once. */
  rotate({ id }: ChannelAccount, fields: Fields, tokenEnd = ""): Promise<boolean> {
    return this.act(async () => {
      const { account: _account, ...made } = await this.parts.api.rotateChannel(id, given(fields), endOfToken(tokenEnd));
      this.made.value = Object.keys(made).length > 0 ? made : null;
    });
  }

  /** The older secrets are not valid any more. */
  finishRotation({ id }: ChannelAccount): Promise<boolean> {
    return this.act(() => this.parts.api.finishChannelRotation(id));
  }

  async add(channel: string, name: string, fields: Fields, tokenEnd = ""): Promise<boolean> {
    return this.act(async () => {
      const { account: _account, webhook: _webhook, ...made } = await this.parts.api.addChannel(channel, name, given(fields), endOfToken(tokenEnd));
      this.made.value = Object.keys(made).length > 0 ? made : null;
    });
  }

  private async act(run: () => Promise<unknown>): Promise<boolean> {
    const done = await this.parts.session.attempt(run);
    await this.start();
    return done;
  }
}

/** The fields that somebody has filled in. */
const given = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
