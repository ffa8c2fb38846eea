import { signal } from "@preact/signals";
import type { Api } from "./api";
import { Fetching } from "./fetching";
import type { Ticket } from "./tickets";

/** A line of the register of complaints. */
export interface RegisterLine {
  readonly ticket: Ticket;
  readonly category: string;
  readonly cause: string | null;
  readonly threat: string | null;
  readonly filed_at: string;
  readonly answered_at: string | null;
}
export interface RegisterPage {
  readonly complaints: readonly RegisterLine[];
  readonly next: string | null;
}
/** Days as inputs give them (2026-11-21), both of them whole; "": the last 30 days, and until now. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

/** The span as the server wants it: moments, in the reader's own time zone. */
export function spanQuery({ from, to }: Span): { readonly since?: string; readonly until?: string } {
  return {
    ...(from !== "" && { since: new Date(`${from}T00:00`).toISOString() }),
    ...(to !== "" && { until: dayAfter(to).toISOString() }),
  };
}

function dayAfter(day: string): Date {
  const at = new Date(`${day}T00:00`);
  at.setDate(at.getDate() + 1);
  return at;
}

/** Where the register of this span is fetched as CSV. */
export const exportPath = (span: Span): string => {
  const query = new URLSearchParams(spanQuery(span)).toString();
  return query === "" ? "/v1/complaints/export" : `/v1/complaints/export?${query}`;
};

/** The register of complaints, by when they were filed. */
export class Register {
  readonly span = signal<Span>({ from: "", to: "" });
  readonly listed = signal<RegisterPage | null>(null);
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;

  constructor(private readonly api: Pick<Api, "complaints">) {}

  async show(span: Span): Promise<void> {
    this.span.value = span;
    await this.fetching.ask("register", () => this.api.complaints(span, null), (page) => {
      this.listed.value = page;
    });
  }

  async more(): Promise<void> {
    const next = this.listed.value?.next;
    if (next == null) return;
    await this.fetching.ask("register", () => this.api.complaints(this.span.value, next), (page) => {
      this.listed.value = { complaints: [...(this.listed.value?.complaints ?? []), ...page.complaints], next: page.next };
    });
  }
}
