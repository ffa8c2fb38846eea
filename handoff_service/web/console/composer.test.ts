import { describe, expect, it } from "vitest";
import { memoryStorage } from "../shared/storage";
import { blockedReply, EMPTY_DRAFT, isSendKey, sendable, withArticle, withReturned } from "./composer";
import { Drafts } from "./drafts";
import { LIN, MIA, owner } from "./fixtures";

const standing = (...args: Parameters<typeof owner>) => ({ owner: owner(...args), epoch: 3 });
const free = { mode: "reply", blocked: null, limit: 10 } as const;

describe("who may reply", () => {
  it("is only the agent who owns the conversation", () => {
    expect(blockedReply(standing("agent", LIN), LIN.id)).toBeNull();
    expect(blockedReply(standing("agent", MIA), LIN.id)).toEqual({ key: "composer.blocked.agent", name: "Mia" });
  });

  it.each(["bot", "queue", "mailbox", "closed"] as const)("is nobody while the owner is %s, and the reason says so", (kind) => {
    expect(blockedReply(standing(kind), LIN.id)?.key).toBe(`composer.blocked.${kind}`);
  });

  it("is not yet the agent to whom it is offered", () => {
    expect(blockedReply(standing("offer", LIN), LIN.id)?.key).toBe("composer.blocked.offer_mine");
    expect(blockedReply(standing("offer", MIA), LIN.id)?.key).toBe("composer.blocked.offer_other");
    expect(blockedReply(null, LIN.id)?.key).toBe("composer.blocked.loading");
  });
});

describe("what may be sent", () => {
  it("has words in it and fits, counted in characters that people see", () => {
    expect(sendable("好", free)).toBe(true);
    expect(sendable(" \n ", free)).toBe(false);
    expect(sendable("😀".repeat(10), free)).toBe(true);
    expect(sendable("😀".repeat(11), free)).toBe(false);
  });

  it("is a note at any time, a reply only when nothing blocks it", () => {
    const blocked = blockedReply(standing("bot"), LIN.id);
    expect(sendable("好", { ...free, blocked })).toBe(false);
    expect(sendable("好", { ...free, blocked, mode: "note" })).toBe(true);
  });
});

describe("Enter", () => {
  const key = (change: Partial<KeyboardEvent> = {}) =>
    isSendKey({ key: "Enter", shiftKey: false, isComposing: false, keyCode: 13, ...change });

  it("sends, except with Shift or while an input method composes", () => {
    expect(key()).toBe(true);
    expect(key({ shiftKey: true })).toBe(false);
    expect(key({ isComposing: true })).toBe(false);
    expect(key({ keyCode: 229 })).toBe(false);
    expect(key({ key: "a" })).toBe(false);
  });
});

describe("drafts", () => {
  const article = { id: "refund-timing", language: "zh", title: "退款多久到账", answer: "1–3 个工作日" } as const;

  it("take an article at the cursor and quote it", () => {
    const draft = withArticle({ ...EMPTY_DRAFT, reply: "您好谢谢" }, article, 2);
    expect(draft.reply).toBe("您好\n1–3 个工作日谢谢");
    expect(draft.article?.id).toBe("refund-timing");
  });

  it("take a refused text back without losing what was written since", () => {
    expect(withReturned({ ...EMPTY_DRAFT, reply: "还有" }, "reply", "马上查").reply).toBe("马上查\n还有");
    expect(withReturned(EMPTY_DRAFT, "note", "备注")).toEqual({ ...EMPTY_DRAFT, note: "备注" });
  });

  it("survive a reload per conversation and vanish when empty or cleared", () => {
    const storage = memoryStorage();
    new Drafts(storage).write("c_1", { ...EMPTY_DRAFT, reply: "写到一半" });
    new Drafts(storage).write("c_2", { ...EMPTY_DRAFT, note: "备注" });
    expect(new Drafts(storage).read("c_1").reply).toBe("写到一半");
    new Drafts(storage).write("c_1", EMPTY_DRAFT);
    expect(storage.getItem("drafts")).not.toContain("c_1");
    new Drafts(storage).clear();
    expect(new Drafts(storage).read("c_2")).toEqual(EMPTY_DRAFT);
  });

  it("start empty when what is stored is broken", () => {
    const storage = memoryStorage();
    storage.setItem("drafts", '{"c_1": 5');
    expect(new Drafts(storage).read("c_1")).toEqual(EMPTY_DRAFT);
  });
});
