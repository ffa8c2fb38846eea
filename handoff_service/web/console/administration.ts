import { signal } from "@preact/signals";
import { type Api, ApiError } from "./api";
import type { Session } from "./session";

export interface Account {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly languages: readonly string[];
  readonly queues: readonly string[];
  readonly capacity: number;
  readonly disabled: boolean;
  readonly status: string;
  readonly open: number;
}
export const ROLES = ["agent", "expert", "supervisor", "analyst", "trainer", "admin", "owner"] as const;
export interface NewAccount {
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly queues: readonly string[];
  readonly capacity: number;
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
  readonly people = signal<readonly Account[] | null>(null);
  /** A password that was just drawn: whose, and what it is. Shown until it is dismissed, and never again. */
  readonly drawn = signal<{ readonly email: string; readonly password: string } | null>(null);
  readonly yaml = signal<string | null>(null);
  readonly plan = signal<Plan | null>(null);
  readonly problems = signal<readonly FileProblem[]>([]);
  readonly failed = signal<ApiError | null>(null);

  constructor(private readonly parts: { api: Api; session: Session }) {}

  async start(): Promise<void> {
    await this.load(async () => {
      const [people, yaml] = await Promise.all([this.parts.api.accounts(), this.parts.api.configuration()]);
      this.people.value = people;
      this.yaml.value = yaml;
      this.plan.value = null;
      this.problems.value = [];
    });
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

  /** What the file would change, or what is wrong with it; nothing is applied. */
  async check(text: string): Promise<void> {
    await this.withFile(async () => {
      this.plan.value = await this.parts.api.checkConfiguration(text);
    });
  }

  /** Applies the file as the shown plan has it, whole or not at all. */
  async apply(text: string): Promise<boolean> {
    const version = this.plan.value?.version;
    if (version === undefined) return false;
    const done = await this.withFile(() => this.parts.api.applyConfiguration(text, version));
    if (done) await this.start();
    return done;
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
    await this.load(async () => {
      this.people.value = await this.parts.api.accounts();
    });
    return done;
  }

  private async load(run: () => Promise<void>): Promise<void> {
    try {
      await run();
      this.failed.value = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failed.value = error;
    }
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
