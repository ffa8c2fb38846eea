import { signal } from "@preact/signals";
import type { Api, ApiError } from "./api";
import type { Look } from "../widget/look";
import { Fetching } from "./fetching";
import type { SettingsPart } from "./forms/sections";
import { isItem, type Item, type Value } from "./forms/values";
import type { Session } from "./session";
import { clash, lookOf, withLook } from "./widget_look";

export interface Account {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly languages: readonly string[];
  readonly queues: readonly string[];
  readonly capacity: number;
  /** By skill from 1 (a little) to 5; those that nobody has are not there. */
  readonly skills?: Skills;
  readonly disabled: boolean;
  readonly status: string;
  readonly open: number;
}
export type Skills = Readonly<Record<string, number>>;
export const ROLES = ["agent", "expert", "supervisor", "analyst", "trainer", "admin", "owner"] as const;
/** By role the permissions that it has; the same for all companies. */
export type Roles = Readonly<Record<string, readonly string[]>>;
export interface NewAccount {
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly languages: readonly string[];
  readonly queues: readonly string[];
  readonly capacity: number;
}
/** What an administrator changes of an account. */
export interface AccountChange {
  readonly name?: string;
  readonly role?: string;
  readonly languages?: readonly string[];
  readonly queues?: readonly string[];
  readonly capacity?: number;
  readonly skills?: Skills;
}
const OF_OWNERS: readonly string[] = ["admin", "owner"];

/** The roles that somebody may give: those of administrators only with their own permission. */
export const rolesGivenBy = (managesAdmins: boolean): readonly (typeof ROLES)[number][] =>
  ROLES.filter((role) => managesAdmins || !OF_OWNERS.includes(role));

/** Whether somebody who manages accounts may change this one: nobody his own, administrators' only with permission. */
export const mayManage = (account: Account, me: string, managesAdmins: boolean): boolean =>
  account.id !== me && (managesAdmins || !OF_OWNERS.includes(account.role));

/** Those parts of an account that were given another value, in whatever order lists are. */
export function changedParts(account: Account, now: AccountChange): AccountChange {
  const plain = (value: unknown): string =>
    JSON.stringify(Array.isArray(value) ? value.toSorted() : isItem(value as Value) ? Object.entries(value as Item).toSorted() : value);
  const before: AccountChange = { skills: {}, ...account };
  const parts = Object.keys(now) as (keyof AccountChange)[];
  return Object.fromEntries(parts.filter((part) => plain(now[part]) !== plain(before[part])).map((part) => [part, now[part]]));
}
export interface PlannedChange {
  readonly sign: "+" | "-" | "~";
  readonly where: string;
  readonly before: unknown;
  readonly after: unknown;
}
export interface Plan {
  readonly version: string;
  readonly changes: readonly PlannedChange[];
}
export interface FileProblem {
  readonly line: number;
  readonly where: string;
  readonly message: string;
}

/** The settings page: accounts, and the whole configuration as one file that is checked before it is applied. */
export class Administration {
  /** What of the page is shown. */
  readonly part = signal<SettingsPart>("people");
  readonly people = signal<readonly Account[] | null>(null);
  /** A password that was just drawn: whose, and what it is. Shown until it is dismissed, and never again. */
  readonly drawn = signal<{ readonly email: string; readonly password: string } | null>(null);
  readonly roles = signal<Roles | null>(null);
  readonly yaml = signal<string | null>(null);
  /** The file as it is being edited; null: as it is stored. Kept while another page is shown. */
  readonly edited = signal<string | null>(null);
  readonly plan = signal<Plan | null>(null);
  /** What of the widget's look is being tried out, and how all of it was stored when that began. */
  readonly tried = signal<{ readonly base: Look; readonly now: Look } | null>(null);
  readonly problems = signal<readonly FileProblem[]>([]);
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;

  constructor(private readonly parts: { api: Api; session: Session }) {}

  async start(): Promise<void> {
    await this.fetching.ask("file", () => this.parts.api.configuration(), (yaml) => {
      this.yaml.value = yaml;
      this.plan.value = null;
      this.problems.value = [];
    });
  }

  /** What each role may do, when somebody wants to know it. */
  askRoles(): Promise<void> {
    return this.fetching.ask("roles", () => this.parts.api.roles(), (roles) => {
      this.roles.value = roles;
    });
  }

  /** What the text area holds after a key; what was found out about the text before is no longer true. */
  edit(text: string): void {
    this.edited.value = text === this.yaml.value ? null : text;
    this.plan.value = null;
    this.problems.value = [];
  }

  discard(): void {
    this.edit(this.yaml.value ?? "");
  }

  tryLook(stored: Look, change: Look): void {
    const { base = stored, now = {} } = this.tried.value ?? {};
    this.tried.value = { base, now: { ...now, ...change } };
  }

  /**
   * The widget's settings with what is tried out, for all pages. Null when somebody else has meanwhile stored another
   * look in its place: that is known from now on, and the next time replaced.
   */
  withTried(before: Item): Item | null {
    const { base = {}, now = {} } = this.tried.value ?? {};
    if (!clash(base, lookOf(before), now)) return withLook(before, now);
    this.tried.value = { base: lookOf(before), now };
    return null;
  }

  async change({ id }: Account, change: AccountChange): Promise<boolean> {
    return this.act(() => this.parts.api.changeAccount(id, change));
  }

  async add(account: NewAccount): Promise<boolean> {
    return this.drawing(account.email, () => this.parts.api.addAccount(account));
  }

  async resetPassword({ id, email }: Account): Promise<boolean> {
    return this.drawing(email, () => this.parts.api.accountCommand(id, "reset-password"));
  }

  async setDisabled({ id }: Account, disabled: boolean): Promise<boolean> {
    return this.act(() => this.parts.api.accountCommand(id, disabled ? "disable" : "enable"));
  }

  async signOut({ id }: Account): Promise<boolean> {
    return this.act(() => this.parts.api.accountCommand(id, "sign-out"));
  }

  /** What the edited file would change, or what is wrong with it; nothing is applied. */
  async check(): Promise<void> {
    const text = this.edited.value;
    if (text === null) return;
    await this.withFile(async () => {
      const plan = await this.parts.api.checkConfiguration(text);
      if (this.edited.value === text) this.plan.value = plan;
    });
  }

  /** Applies the edited file as the shown plan has it, whole or not at all. */
  async apply(): Promise<boolean> {
    const version = this.plan.value?.version;
    const text = this.edited.value;
    if (version === undefined || text === null) return false;
    const done = await this.withFile(() => this.parts.api.applyConfiguration(text, version));
    if (!done) return false;
    if (this.edited.value === text) this.edited.value = null;
    await this.start();
    return true;
  }

  private async withFile(run: () => Promise<unknown>): Promise<boolean> {
    this.problems.value = [];
    this.plan.value = null;
    return this.parts.session.attempt(run, (error) => {
      this.problems.value = problemsOf(error);
    });
  }

  private async drawing(email: string, run: () => Promise<{ password?: string }>): Promise<boolean> {
    return this.act(async () => {
      const { password } = await run();
      if (password !== undefined) this.drawn.value = { email, password };
    });
  }

  private async act(run: () => Promise<unknown>): Promise<boolean> {
    const done = await this.parts.session.attempt(run);
    await this.list();
    return done;
  }

  /** Reads the accounts anew; only for who may see them. */
  list(): Promise<void> {
    return this.fetching.ask("people", () => this.parts.api.accounts(), (people) => {
      this.people.value = people;
    });
  }
}

/** The problems that a refusal of a configuration file names, each with its line. */
export function problemsOf({ extra, message }: ApiError): readonly FileProblem[] {
  const told = extra["problems"];
  const isProblem = (one: unknown): one is FileProblem => typeof (one as FileProblem | null)?.message === "string";
  return Array.isArray(told) && told.length > 0 && told.every(isProblem) ? told : [{ line: 0, where: "", message }];
}

/** A planned change on one line. */
export function changeLine({ sign, where, before, after }: PlannedChange): string {
  const text = (value: unknown): string => JSON.stringify(value) ?? "";
  if (sign === "~") return `~ ${where}: ${text(before)} → ${text(after)}`;
  return `${sign} ${where}: ${text(sign === "+" ? after : before)}`;
}
