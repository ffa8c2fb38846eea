import { signal } from "@preact/signals";
import type { Api } from "./api";
import { ApiError } from "./api";
import type { Session } from "./session";
import type { DeskState } from "./state";

/** What the page of the desk shows of the bot's models; `at` are ISO times, figures 0..1. */
export interface Gate {
  readonly passed: boolean;
  readonly reasons: readonly string[];
  readonly macro_f1: number;
  readonly compared: { readonly version: string; readonly macro_f1: number; readonly live: number } | null;
  readonly asking: { readonly asked: number; readonly missed: readonly string[] };
  readonly stories: { readonly played: number; readonly passed: number };
}
export interface Version {
  readonly version: string;
  readonly trained_at: string;
  readonly seconds: number;
  readonly rasa: string;
  readonly by: string;
  readonly lines: number;
  readonly reviewed: number;
  readonly left_out: number;
  readonly gate: Gate;
}
export type Result = "live" | "current" | "refused" | "failed";
export type Stage = "reading" | "training" | "checking" | "asking" | "stories" | "done";
export interface Run {
  readonly stage: Stage;
  readonly step: number;
  readonly steps: number;
  readonly text: string;
  readonly running: boolean;
  readonly result?: Result;
  readonly version?: string | null;
}
export interface Move {
  readonly version: string;
  readonly at: string;
  readonly by: string;
  readonly how: "trained" | "chosen" | "rollback";
}
export interface Models {
  readonly live: string | null;
  readonly before: string | null;
  readonly serving: string | null;
  readonly refused: { readonly version: string; readonly reason: string } | null;
  readonly moves: readonly Move[];
  readonly versions: readonly Version[];
  readonly training: Run | null;
  readonly intents: readonly string[];
}
export type MessageState = "open" | "labelled" | "accepted";
export const MESSAGE_STATES: readonly MessageState[] = ["open", "labelled", "accepted"];
export interface Misunderstood {
  readonly id: string;
  readonly at: string;
  readonly language: "zh" | "en";
  readonly reason: string;
  readonly text: string;
  readonly intent: string | null;
  readonly confidence: number | null;
  readonly wording: string | null;
  readonly label: string | null;
  readonly labelled_by: string | null;
  readonly labelled_by_id: string | null;
  readonly reviewed_by: string | null;
}
export interface Messages {
  readonly messages: readonly Misunderstood[];
  readonly counts: Readonly<Record<MessageState, number>>;
  readonly four_eyes: boolean;
}

const WATCH_MS = 1000;

/** The training page: what it knows, and what a trainer does on it. */
export class Training {
  readonly models = signal<Models | null>(null);
  readonly messages = signal<Messages | null>(null);
  readonly shown = signal<MessageState>("open");
  /** Why nothing can be shown. */
  readonly failed = signal<ApiError | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly parts: { api: Api; state: DeskState; session: Session }) {}

  /** Collects what is new and shows everything. */
  async open(): Promise<void> {
    const { api } = this.parts;
    await this.load(async () => {
      await api.collectMisunderstood();
      await this.refresh();
    });
  }

  /** Stops looking after a training. */
  close(): void {
    clearTimeout(this.timer);
  }

  async show(state: MessageState): Promise<void> {
    this.shown.value = state;
    await this.load(() => this.refreshMessages());
  }

  async train(): Promise<void> {
    await this.act((api) => api.trainNow(), null);
  }

  async putLive(version: string): Promise<void> {
    await this.act((api) => api.putModelLive(version), this.parts.state.t.value("versions.done", { version }));
  }

  async rollBack(live: string, before: string): Promise<void> {
    const done = this.parts.state.t.value("versions.done", { version: before });
    await this.act((api) => api.rollBackModel(live), done);
  }

  async label(message: string, intent: string, text: string): Promise<boolean> {
    return this.act((api) => api.labelMessage(message, intent, text), this.parts.state.t.value("messages.saved"));
  }

  async review(message: string, accept: boolean): Promise<void> {
    const done = accept ? this.parts.state.t.value("messages.accepted_done") : null;
    await this.act((api) => api.reviewMessage(message, accept), done);
  }

  async drop(message: string): Promise<void> {
    await this.act((api) => api.dropMessage(message), null);
  }

  private async act(run: (api: Api) => Promise<unknown>, done: string | null): Promise<boolean> {
    const { api, session } = this.parts;
    const good = await session.attempt(() => run(api));
    if (good && done !== null) session.notify("good", done);
    await this.load(() => this.refresh());
    return good;
  }

  private async refresh(): Promise<void> {
    await Promise.all([this.refreshModels(), this.refreshMessages()]);
  }

  private async refreshMessages(): Promise<void> {
    this.messages.value = await this.parts.api.misunderstood(this.shown.value);
  }

  /** Looks again soon while a training runs or a swap is under way. */
  private async refreshModels(): Promise<void> {
    const models = await this.parts.api.models();
    this.models.value = models;
    clearTimeout(this.timer);
    if (models.training?.running || (models.live !== models.serving && models.refused === null)) {
      this.timer = setTimeout(() => void this.load(() => this.refreshModels()), WATCH_MS);
    }
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
