import { signal } from "@preact/signals";
import type { FileProblem } from "../administration";
import { problemsOf } from "../administration";
import { type Api, ApiError } from "../api";
import { Fetching } from "../fetching";
import { problem } from "../problem";
import type { Session } from "../session";
import { put, type DeskState } from "../state";
import type { Section, SectionId } from "./sections";
import { isItem, type Item, type Listed, listed, NEW, pieceRaised, pieceWith, same, textOf, whereOf, withPart, yamlOf } from "./values";

/** A thing as it is being edited, and as it was stored when that began; null: it is new. */
export interface Edited {
  readonly base: Item | null;
  readonly now: Item;
}
type Outcome = "done" | "refused" | "stale";

/** The configuration in forms: pieces of the one file, each checked and applied as the file is. */
export class Forms {
  readonly document = signal<Item | null>(null);
  /** What counts where nobody has set it, of sections that are longer than a number. */
  readonly usual = signal<Item>({});
  /** What is being edited, by section and key; kept while other pages are shown, gone when it is saved or discarded. */
  readonly edited = signal<ReadonlyMap<string, Edited>>(new Map());
  /** The thing whose form is open in each section. */
  readonly open = signal<ReadonlyMap<SectionId, string>>(new Map());
  /** What the server found wrong with what was saved last, by the name of what was edited. */
  readonly problems = signal<{ readonly of: string; readonly found: readonly FileProblem[] } | null>(null);
  readonly busy = signal(false);
  private version = "";
  /** The name of what is being saved. */
  private saving = "";
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;

  constructor(private readonly parts: { api: Api; session: Session; state: DeskState }) {}

  /** Reads the configuration; what is being edited stays. */
  start(): Promise<void> {
    return this.fetching.ask("document", () => this.parts.api.wholeConfiguration(), ({ document, usual, version }) => {
      this.document.value = document;
      this.usual.value = usual ?? {};
      this.version = version;
    });
  }

  show(section: Section, key: string | null): void {
    const next = new Map(this.open.value);
    if (key === null) next.delete(section.id);
    else next.set(section.id, key);
    this.open.value = next;
    this.problems.value = null;
  }

  /** The thing as the form shows it; null when there is none (any more). */
  shown(section: Section, key: string): Item | null {
    const edited = this.edited.value.get(nameOf(section, key));
    if (edited !== undefined) return edited.now;
    if (key === NEW) return section.holds === "parts" ? null : section.begins;
    return this.stored(section, key);
  }

  /** What is being edited and not stored, or not any more: somebody else has deleted it meanwhile. The new one is not among them. */
  left(section: Section): readonly Listed[] {
    const names = [...this.edited.value].filter(([name]) => name.startsWith(`${section.id}/`));
    const found = names.map(([name, { now }]) => ({ key: name.slice(section.id.length + 1), item: now }));
    return found.filter(({ key }) => key !== NEW && this.stored(section, key) === null);
  }

  isEdited = (section: Section, key: string): boolean => this.edited.value.has(nameOf(section, key));

  /** What the form holds after a key; a thing that is again as it is stored is not edited, unless another one is on its way. */
  edit(section: Section, key: string, now: Item): void {
    const name = nameOf(section, key);
    const base = this.edited.value.get(name)?.base ?? (key === NEW ? null : this.stored(section, key));
    this.edited.value = put(this.edited.value, name, base !== null && same(base, now) && this.saving !== name ? null : { base, now });
  }

  discard(section: Section, key: string): void {
    this.edited.value = put(this.edited.value, nameOf(section, key), null);
    this.problems.value = null;
    if (key === NEW) this.show(section, null);
  }

  /** Checks and stores what the form holds; what is wrong with it is in `problems`. */
  async save(section: Section, key: string): Promise<boolean> {
    const name = nameOf(section, key);
    let sent: Item | null = null;
    let others: readonly Item[] = [];
    const done = await this.change(name, (document) => {
      const edited = this.edited.value.get(name);
      if (edited === undefined) return null;
      if (edited.base === null && this.isThere(section, edited.now)) return this.twice(section, key, edited.now);
      if (edited.base !== null && !same(this.stored(section, key), edited.base)) return this.overtaken(section, key, edited);
      sent = edited.now;
      others = listed(document, section).filter((one) => one.key !== key).map(({ item }) => item);
      return pieceWith(document, section, key, sent);
    });
    if (!done || sent === null) return false;
    this.settle(section, key, sent, others);
    this.parts.session.notify("good", this.parts.state.t.value("form.saved"));
    return true;
  }

  /** What was sent is stored, by its key of now; what was written since is edited still. */
  private settle(section: Section, key: string, sent: Item, others: readonly Item[]): void {
    const since = this.edited.value.get(nameOf(section, key))?.now;
    const found = listed(this.document.value ?? {}, section).findLast(({ item }) => !others.some((other) => same(other, item)));
    const at = textOf(sent["id"]) || (found?.key ?? key);
    const edited = put(this.edited.value, nameOf(section, key), null);
    const now = since === undefined || sent["id"] === undefined ? since : withPart(since, "id", sent["id"]);
    const left = now === undefined || same(now, sent) ? null : { base: this.stored(section, at) ?? sent, now };
    this.edited.value = left === null ? edited : put(edited, nameOf(section, at), left);
    if (at !== key && this.open.value.get(section.id) === key) this.show(section, at);
  }

  /** Takes a thing out; the server refuses it while something needs it. */
  async remove(section: Section, key: string): Promise<boolean> {
    const done = await this.change(nameOf(section, key), (document) => {
      if (this.stored(section, key) !== null) return pieceWith(document, section, key, null);
      this.parts.session.notify("bad", this.parts.state.t.value("form.overtaken"));
      return null;
    });
    if (!done) return false;
    this.edited.value = put(this.edited.value, nameOf(section, key), null);
    this.show(section, null);
    return true;
  }

  raise = (section: Section, key: string): Promise<boolean> =>
    this.change(nameOf(section, key), (document) => pieceRaised(document, section, key));

  /** Stores another value of one section that is no list; null: somebody else has stored another one meanwhile. */
  async applyPart(name: string, part: (before: Item) => Item | null): Promise<boolean> {
    const done = await this.change(name, (document) => {
      const value = part(isItem(document[name]) ? document[name] : {});
      if (value === null) this.parts.session.notify("bad", this.parts.state.t.value("form.overtaken"));
      return value === null ? null : { [name]: value };
    });
    if (done) this.parts.session.notify("good", this.parts.state.t.value("form.saved"));
    return done;
  }

  /** What was just stored from another form of this page is no change by somebody else. */
  follow(section: Section, change: (item: Item) => Item): void {
    const name = nameOf(section, section.id);
    const edited = this.edited.value.get(name);
    if (edited === undefined) return;
    this.edited.value = put(this.edited.value, name, { base: edited.base && change(edited.base), now: change(edited.now) });
  }

  private stored(section: Section, key: string): Item | null {
    return listed(this.document.value ?? {}, section).find((one) => one.key === key)?.item ?? null;
  }

  /** Whether something has the id of a new thing already. */
  private isThere(section: Section, { id }: Item): boolean {
    const named = section.holds === "names" || (section.holds === "list" && section.keyed);
    return named && this.stored(section, textOf(id)) !== null;
  }

  private twice(section: Section, key: string, now: Item): null {
    const where = whereOf(this.document.value ?? {}, section, { key: NEW, item: now });
    const found = [{ line: 0, where: `${where}.id`, message: this.parts.state.t.value("wrong.twice") }];
    this.problems.value = { of: nameOf(section, key), found };
    return null;
  }

  /** Somebody has stored another one since this form was opened: it is told once, and the next save replaces that. */
  private overtaken(section: Section, key: string, { now }: Edited): null {
    const { session, state } = this.parts;
    this.edited.value = put(this.edited.value, nameOf(section, key), { base: this.stored(section, key), now });
    session.notify("bad", state.t.value("form.overtaken"));
    return null;
  }

  /** Applies a piece; when the file is another one by now, the piece is made anew of that, once. */
  private async change(name: string, piece: (document: Item) => Item | null): Promise<boolean> {
    if (this.busy.value) return false;
    this.busy.value = true;
    this.saving = name;
    this.problems.value = null;
    let outcome: Outcome = "stale";
    for (let turn = 0; turn < 2 && outcome === "stale"; turn += 1) {
      if (turn > 0 || this.document.value === null) await this.start();
      const made = this.document.value === null ? null : piece(this.document.value);
      outcome = made === null ? "refused" : await this.apply(name, made);
    }
    if (outcome === "stale") this.parts.session.notify("bad", this.parts.state.t.value("form.overtaken"));
    if (outcome === "done") await Promise.all([this.start(), this.tellDesk()]);
    this.busy.value = false;
    this.saving = "";
    return outcome === "done";
  }

  private async apply(name: string, piece: Item): Promise<Outcome> {
    try {
      await this.parts.api.applyConfiguration(yamlOf(piece), this.version);
      return "done";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === "conflict" && typeof error.extra["version"] === "string") return "stale";
      if (error.code === "bad_configuration") this.problems.value = { of: name, found: problemsOf(error) };
      else if (error.status !== 401) this.parts.session.notify("bad", problem(error, this.parts.state.t.value));
      return "refused";
    }
  }

  /** Queues, tags and codes of this page are those that were just stored. */
  private async tellDesk(): Promise<void> {
    const { api, session, state } = this.parts;
    await session.attempt(async () => {
      const { tenant } = await api.me();
      state.me.value = { ...state.me.value, tenant };
    });
  }
}

export const nameOf = (section: Section, key: string): string => `${section.id}/${key}`;
