// What a page knows, as cells that know who has read them: the part of signals that the customer's pages need.
// (@preact/signals does more, and is a tenth of an open chat.)
import { Component, options, type VNode } from "preact";

export interface ReadonlySignal<T> {
  readonly value: T;
  /** Without being told of changes. */
  peek(): T;
  /** Told of the value now, and of each later one. */
  subscribe(told: (value: T) => void): () => void;
}
export interface Signal<T> extends ReadonlySignal<T> {
  value: T;
}

/** Whose reading is noted now. */
let reading: Reader | null = null;
let batches = 0;
const due = new Set<() => void>();

/** Something that is worked out from cells; `stale` is called when one of them may have changed. */
class Reader {
  private readonly seen = new Map<Cell<unknown>, number>();

  constructor(readonly stale: () => void) {}

  /** Whether what it read last is otherwise by now. */
  get outdated(): boolean {
    for (const [cell, version] of this.seen) if (cell.fresh() !== version) return true;
    return false;
  }

  begin(): void {
    this.forget();
    reading = this;
  }

  /** Does the work and notes what it reads. */
  run<T>(work: () => T): T {
    const before = reading;
    this.begin();
    try {
      return work();
    } finally {
      reading = before;
    }
  }

  note(cell: Cell<unknown>, version: number): void {
    this.seen.set(cell, version);
    cell.readers.add(this);
  }

  forget(): void {
    for (const cell of this.seen.keys()) cell.readers.delete(this);
    this.seen.clear();
  }
}

class Cell<T> implements Signal<T> {
  readonly readers = new Set<Reader>();
  protected version = 0;

  constructor(protected held: T) {}

  get value(): T {
    const version = this.fresh();
    reading?.note(this as Cell<unknown>, version);
    return this.held;
  }

  set value(next: T) {
    if (Object.is(next, this.held)) return;
    this.take(next);
    batch(() => this.spread());
  }

  peek(): T {
    this.fresh();
    return this.held;
  }

  subscribe(told: (value: T) => void): () => void {
    return effect(() => {
      const { value } = this;
      const before = reading;
      reading = null; // what is read in there is nothing to be told of
      try {
        told(value);
      } finally {
        reading = before;
      }
    });
  }

  /** The version of the value, brought up to date. */
  fresh(): number {
    return this.version;
  }

  protected take(next: T): void {
    this.held = next;
    this.version += 1;
  }

  protected spread(): void {
    for (const reader of [...this.readers]) reader.stale();
  }
}

/** Worked out when somebody asks, and again only when something that it read has changed. */
class Computed<T> extends Cell<T> {
  private stale = true;
  private readonly reader = new Reader(() => {
    if (this.stale) return;
    this.stale = true;
    this.spread();
  });

  constructor(private readonly work: () => T) {
    super(undefined as T);
  }

  override fresh(): number {
    if (!this.stale) return this.version;
    this.stale = false;
    if (this.version > 0 && !this.reader.outdated) return this.version;
    const next = this.reader.run(this.work);
    if (this.version === 0 || !Object.is(next, this.held)) this.take(next);
    return this.version;
  }
}

export function signal<T>(value: T): Signal<T> {
  return new Cell(value);
}

export function computed<T>(work: () => T): ReadonlySignal<T> {
  return new Computed(work);
}

/** Does it now, and again whenever something that it read has changed; returns what ends that. */
export function effect(work: () => void): () => void {
  const again = () => {
    if (reader.outdated) reader.run(work);
  };
  const reader = new Reader(() => due.add(again));
  reader.run(work);
  return () => reader.forget();
}

/** Several changes as one: who depends on them is told at the end. */
export function batch(work: () => void): void {
  batches += 1;
  try {
    work();
  } finally {
    batches -= 1;
    if (batches === 0) {
      for (const task of due) {
        due.delete(task);
        task();
      }
    }
  }
}

// ---- drawing: a component is drawn again when something that it read while it was drawn has changed, or its properties.

type Drawn = Component & { reader?: Reader };
/** Preact's own names of its hooks, the same in every release (its mangle.json). */
type Hooks = Record<"__r" | "diffed" | "unmount" | "__e", ((...args: unknown[]) => void) | undefined>;
const hooks = options as unknown as Hooks;

function before(name: keyof Hooks, work: (component: Drawn | undefined) => void): void {
  const next = hooks[name];
  hooks[name] = (...args) => {
    work((args[0] as (VNode & { __c?: Drawn }) | null)?.__c);
    next?.(...args);
  };
}

before("__r", (component) => {
  if (component === undefined) return;
  if (component.reader === undefined) {
    const again = () => {
      if (reader.outdated) component.forceUpdate();
    };
    const reader = (component.reader = new Reader(() => due.add(again)));
  }
  component.reader.begin();
});
const drawn = () => void (reading = null);
before("diffed", drawn);
before("__e", drawn);
before("unmount", (component) => component?.reader?.forget());

Component.prototype.shouldComponentUpdate = function (next: object): boolean {
  const [was, will] = [Object.entries(this.props), Object.entries(next)];
  return was.length !== will.length || will.some(([name, value]) => (this.props as Record<string, unknown>)[name] !== value);
};
