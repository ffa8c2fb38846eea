import { render } from "preact";
import { useState } from "preact/hooks";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batch, computed, effect, signal } from "../widget/signals";

describe("cells", () => {
  it("are worked out when somebody asks, and again only when what they read has changed", () => {
    const first = signal(1);
    const other = signal(10);
    let worked = 0;
    const sum = computed(() => { worked += 1; return first.value + other.value; });
    expect(worked).toBe(0);
    expect([sum.value, sum.value, worked]).toEqual([11, 11, 1]);
    first.value = 1;
    expect([sum.value, worked]).toEqual([11, 1]);
    other.value = 20;
    expect([sum.value, worked]).toEqual([21, 2]);
  });

  it("do not tell on what came out the same", () => {
    const text = signal("a");
    const length = computed(() => text.value.length);
    const twice = computed(() => length.value * 2);
    const told: number[] = [];
    effect(() => void told.push(twice.value));
    text.value = "b";
    text.value = "bc";
    expect(told).toEqual([2, 4]);
  });

  it("read only what was read last", () => {
    const which = signal(true);
    const [one, two] = [signal("one"), signal("two")];
    const told: string[] = [];
    const end = effect(() => void told.push(which.value ? one.value : two.value));
    two.value = "2";
    which.value = false;
    one.value = "1";
    end();
    two.value = "II";
    expect(told).toEqual(["one", "2"]);
  });

  it("tell of many changes once, and never of half of them", () => {
    const [left, right] = [signal(0), signal(0)];
    const between = computed(() => left.value - right.value);
    const told: number[] = [];
    effect(() => void told.push(between.value));
    batch(() => {
      left.value = 5;
      batch(() => void (right.value = 5));
      expect(told).toEqual([0]);
    });
    expect(told).toEqual([0]); // still no difference: nothing to tell
    batch(() => { left.value = 7; right.value = 5; });
    expect(told).toEqual([0, 2]);
  });

  it("may be changed by who is told of them", () => {
    const wish = signal<string | null>(null);
    const done: string[] = [];
    effect(() => {
      const { value } = wish;
      if (value === null) return;
      wish.value = null;
      done.push(value);
    });
    wish.value = "a";
    wish.value = "b";
    expect([done, wish.value]).toEqual([["a", "b"], null]);
  });

  it("are not followed by who peeks, or is told as a subscriber", () => {
    const [read, peeked] = [signal(1), signal(1)];
    let told = 0;
    effect(() => { told += read.value + peeked.peek(); });
    peeked.value = 5;
    expect(told).toBe(2);
    const heard: number[] = [];
    const end = read.subscribe((value) => void heard.push(value + peeked.value));
    peeked.value = 6;
    read.value = 2;
    end();
    read.value = 3;
    expect(heard).toEqual([6, 8]);
  });
});

describe("components", () => {
  let page: HTMLElement;
  beforeEach(() => void (page = document.body.appendChild(document.createElement("div"))));
  afterEach(() => { render(null, page); page.remove(); });

  it("are drawn again when what they read has changed, each alone", async () => {
    const [name, count] = [signal("a"), signal(0)];
    const drawn: string[] = [];
    const Name = () => { drawn.push("name"); return <b>{name.value}</b>; };
    const Count = ({ step }: { step: number }) => { drawn.push("count"); return <i>{count.value * step}</i>; };
    const Both = () => { drawn.push("both"); return <p><Name /><Count step={2} /></p>; };
    await act(() => render(<Both />, page));
    drawn.length = 0;
    await act(() => void (count.value = 3));
    expect([page.textContent, drawn]).toEqual(["a6", ["count"]]);
    await act(() => void (name.value = "b"));
    expect([page.textContent, drawn]).toEqual(["b6", ["count", "name"]]);
  });

  it("are not drawn again with their parent unless their properties changed, and always for a state of their own", async () => {
    const drawn: string[] = [];
    const Child = ({ value }: { value: number }) => { drawn.push(`child ${value}`); return <i>{value}</i>; };
    const even = signal(0);
    let press = () => {};
    const Parent = () => {
      const [own, setOwn] = useState(0);
      press = () => setOwn(own + 1);
      drawn.push("parent");
      return <p><Child value={Math.floor(even.value / 2)} />{own}</p>;
    };
    await act(() => render(<Parent />, page));
    drawn.length = 0;
    await act(() => void (even.value = 1));
    await act(() => press());
    expect(drawn).toEqual(["parent", "parent"]);
    await act(() => void (even.value = 2));
    expect([drawn.at(-1), page.textContent]).toEqual(["child 1", "11"]);
  });

  it("are forgotten when they are gone", async () => {
    const [shown, text] = [signal(true), signal("a")];
    let drawn = 0;
    const Text = () => { drawn += 1; return <b>{text.value}</b>; };
    const Frame = () => (shown.value ? <Text /> : null);
    await act(() => render(<Frame />, page));
    await act(() => void (shown.value = false));
    await act(() => void (text.value = "b"));
    expect([drawn, page.textContent]).toEqual([1, ""]);
    await act(() => void (shown.value = true));
    expect(page.textContent).toBe("b");
  });
});
