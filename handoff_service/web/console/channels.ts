import { signal } from "@preact/signals";
import type { Api } from "./api";
import { Fetching } from "./fetching";
import type { Session } from "./session";

export interface Finding {
  readonly level: "ok" | "warning" | "wrong";
  readonly about: string;
  readonly words: string;
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
  };
}
/** What a channel is called, and what an account of it must be told. */
export interface ChannelKind {
  readonly platform: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Fields that name a server, each with the secrets that it is shown. */
  readonly servers?: Readonly<Record<string, readonly string[]>>;
}
export type ChannelKinds = Readonly<Record<string, ChannelKind>>;
type Fields = Readonly<Record<string, string>>;

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
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;

  constructor(private readonly parts: { api: Api; session: Session }) {}

  async start(): Promise<void> {
    const { api } = this.parts;
    await this.fetching.ask("accounts", () => Promise.all([api.channelAccounts(), api.channelKinds()]), ([accounts, kinds]) => {
      this.accounts.value = accounts;
      this.kinds.value = kinds;
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
  change(account: ChannelAccount, name: string, fields: Fields, again: Fields = {}): Promise<boolean> {
    const { options = {} } = account;
    const changed = Object.fromEntries(Object.entries(fields).filter(([field, value]) => value !== (options[field] ?? "")));
    return this.act(() => this.parts.api.changeChannel(account.id, { name, fields: { ...changed, ...again } }));
  }

  /** New secrets beside the present ones; those that Tandem makes itself are shown once. */
  rotate({ id }: ChannelAccount, fields: Fields): Promise<boolean> {
    return this.act(async () => {
      const { account: _account, ...made } = await this.parts.api.rotateChannel(id, given(fields));
      this.made.value = Object.keys(made).length > 0 ? made : null;
    });
  }

  /** The older secrets are not valid any more. */
  finishRotation({ id }: ChannelAccount): Promise<boolean> {
    return this.act(() => this.parts.api.finishChannelRotation(id));
  }

  async add(channel: string, name: string, fields: Fields): Promise<boolean> {
    return this.act(async () => {
      const { account: _account, webhook: _webhook, ...made } = await this.parts.api.addChannel(channel, name, given(fields));
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
