// Texts that try to become a program, in every place of the widget that shows somebody's words.
import { act } from "preact/test-utils";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { message, state } from "./fakes";
import {
  answers, button, calls, chat, configure, CONV, find, json, online, owner, page, parts, press, receive, SESSION, show, status, storage, type,
} from "./stage";

const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  '"><svg/onload=alert(1)>',
  "' onmouseover=alert(1) x='",
  "javascript:alert(1)",
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](data:text/html,<script>alert(1)</script>)",
  "[x](vbscript:msgbox)",
  "[<img src=x onerror=alert(1)>](https://a.example)",
  "https://a.example/\"onclick=\"alert(1)",
  "**<b onclick=alert(1)>x</b>**",
  "</textarea><script>alert(1)</script>",
  "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
  "<a href=javascript:alert(1)>x</a>",
  "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)>",
  "<style>@import'//evil.example'</style>",
  "- <img src=x onerror=alert(1)>\n1. <svg onload=alert(1)>",
  "\u202e<script>alert(1)</script>",
];
const OURS = new Set([
  "DIV", "SPAN", "P", "H2", "H3", "UL", "OL", "LI", "STRONG", "A", "BR", "BUTTON", "FORM", "TEXTAREA", "INPUT", "LABEL", "HEADER", "SECTION", "TIME", "BDI",
  "SVG", "PATH", "FIELDSET", "LEGEND", "PROGRESS", "CANVAS", "DETAILS", "SUMMARY",
]);

function harm(): string[] {
  const found: string[] = [];
  for (const node of page.querySelectorAll("*")) {
    if (!OURS.has(node.tagName.toUpperCase())) found.push(node.tagName);
    for (const { name, value } of node.attributes) {
      if (name.startsWith("on") || name === "srcdoc" || (name === "style" && node.tagName !== "TEXTAREA")) found.push(`${node.tagName} ${name}`);
      if (/^(href|src|action|formaction)$/.test(name) && !/^(https?|mailto|tel):/.test(value)) found.push(`${name}=${value}`);
    }
  }
  return found;
}

describe("nothing that anybody writes becomes a program", () => {
  it.each(HOSTILE)("%s", async (text) => {
    configure({ help: true, texts: { "zh-Hans": { botOnline: text, source: text } }, name: { zh: text } });
    answers["/v1/widget/sessions"] = () =>
      json({ ...SESSION, tenant: { ...SESSION.tenant, name: text, greeting: { zh: text, en: text }, suggestions: { zh: [text], en: [text] } } }, 201);
    answers["/v1/widget/articles?tenant=demo&language=zh&q="] = () => json({ articles: [{ article: "a", title: text, excerpt: text }] });
    answers["/v1/widget/articles/a?tenant=demo&language=zh"] = () =>
      json({ article: "a", language: "zh", title: text, text: `${text}\n\n1. ${text}\n2. ${text}\n3. ${text}`, url: "https://chat.example/help" });
    await show();
    await online();
    await vi.waitFor(() => expect(find(".suggestion-title")?.textContent).toBe(text));
    expect(find(".brand")?.textContent).toBe(text);
    expect(harm()).toEqual([]);
    await act(() => find(".suggestion")!.click());
    await vi.waitFor(() => expect(find(".article h3")?.textContent).toBe(text));
    expect(harm()).toEqual([]);
    await act(() => chat.help.close());

    const file = { id: "f_1", name: text, type: "application/pdf", size: 3 };
    const sources = [{ article: text, language: "zh" as const, title: text }];
    await receive(
      state(1, { body: { event: "accept", to: owner("agent", text), text } }),
      message(2, { body: { text, file } }),
      message(3, { author: { kind: "agent", name: text }, body: { text, article: { id: text, language: "zh", title: text } } }),
      message(4, { author: { kind: "bot" }, body: { text, kind: "answer", sources, buttons: [{ title: text }] } }),
    );
    await act(() => chat.sendText(text));
    await status("agent", { owner: owner("agent", text) });
    await vi.waitFor(() => expect(page.querySelectorAll(".attachment")).toHaveLength(1));
    expect(find(".message.customer .bubble")?.textContent).toBe(text.normalize());
    expect(harm()).toEqual([]);
    expect(storage.getItem("outbox")).toContain(JSON.stringify(text).slice(1, -1).slice(0, 8));
    expect(button("更多")).toBeDefined();
  });

  it.each(HOSTILE)("typed into a form, or read from the shop's orders: %s", async (text) => {
    configure({ orders: true } as object);
    const order = { number: text, status: text, placed_at: "2026-11-21T08:00:00Z", items: [text, text] };
    answers["/v1/widget/orders"] = () => json({ orders: [order], why: null });
    for (const verb of ["leave-message", "callback"]) answers[`/v1/conversations/${CONV}/${verb}`] = () => json({ error: { code: "invalid", message: text, opens: text } }, 422);
    await show();
    await online([message(1, { body: { text: "hi" } })]);
    const promises = [{ seq: 1, text, due_at: "2026-11-22T08:00:00Z" }];
    await status("queue", { place: 1, promises, choices: ["leave-message", "callback", "solved"] } as object);
    expect(page.textContent).toContain(text.trim().slice(-9));
    expect(harm()).toEqual([]);

    const stages = [{ stage: text, at: text, by: text }, { stage: "accepted", at: text, by: text }];
    answers[`/v1/conversations/${CONV}/receipt`] = () => json({ next: { text, deadline: text }, handoffs: [{ stages }] });
    await act(() => void Object.assign(find(".next-steps")!, { open: true }).dispatchEvent(new Event("toggle")));
    await vi.waitFor(() => expect(page.querySelectorAll(".stages li")).toHaveLength(2));
    expect(find(".next-steps > p")?.textContent).toBe(text);
    expect(harm()).toEqual([]);

    await press("改为留言");
    await vi.waitFor(() => expect(find(".form textarea")).not.toBeNull());
    await type(".form textarea", text);
    await type(".form input", text);
    await act(() => void find(".form")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
    await vi.waitFor(() => expect(find(".problem")).not.toBeNull());
    expect(calls.find(({ path }) => path.endsWith("/leave-message"))?.body).toMatchObject({ text: text.trim() });
    expect(harm()).toEqual([]);
    await press("返回");

    await press("请回电给我");
    await vi.waitFor(() => expect(find(".form input[type=tel]")).not.toBeNull());
    await type(".form input[type=tel]", text);
    await act(() => void find(".form")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
    await vi.waitFor(() => expect(find(".problem")).not.toBeNull());
    expect(harm()).toEqual([]);

    await act(() => void (chat.orders.value = true));
    await parts();
    await vi.waitFor(() => expect(find(".order-number")?.textContent).toBe(text));
    expect([find(".order-state")?.textContent, harm()]).toEqual([text, []]);
    await act(() => find(".order button")!.click());
    await vi.waitFor(() => expect(find<HTMLTextAreaElement>(".write textarea")?.value).toContain(text.replaceAll("\n", " ").slice(0, 5)));
    expect(harm()).toEqual([]);
  });
});

it("styles by logical sides only, so that a page from right to left is the same mirrored", () => {
  const folder = `${import.meta.dirname}/../widget/styles`;
  const physical = /(^|[\s;{])((margin|padding|border)-(left|right)|left|right|border-(top|bottom)-(left|right)-radius)\s*:|(text-align|float)\s*:\s*(left|right)/;
  const uneven = /(margin|padding|border-width):\s*(\S+)\s+(\S+)\s+(\S+)\s+(\S+);/;
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(`${folder}/${name}`, "utf8").split("\n")) {
      expect(physical.test(line), `${name}: ${line}`).toBe(false);
      const sides = uneven.exec(line);
      expect(sides === null || sides[3] === sides[5], `${name}: ${line}`).toBe(true);
    }
  }
});
