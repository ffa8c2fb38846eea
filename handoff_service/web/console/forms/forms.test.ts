import { describe, expect, it } from "vitest";
import { type Answer, trial, type Trial } from "../fixtures";
import { withLook } from "../widget_look";
import { translator } from "../text";
import { SECTIONS, type Section } from "./sections";
import { type Item, itemsOf, listed, NEW, pieceRaised, pieceWith, same, usersOf, whereOf, withPart, yamlOf } from "./values";
import { wrongInFile, wrongText } from "./wrong";

const of = (id: Section["id"]): Section => SECTIONS.find((section) => section.id === id)!;
const QUEUES: readonly Item[] = [{ id: "support", name: "Support", mode: "claim", newer: { field: 1 } }, { id: "senior", name: "Senior", mode: "offer", calendar: "office" }];
const DOCUMENT: Item = {
  name: { zh: "蓝屿", en: "Lanyu" }, retention_days: 90, allowed_origins: ["https://a.example"], desk: { playbooks: [{ id: "p", en: "Refund", cases: ["vip", "support"] }] },
  queues: QUEUES, calendars: { office: { hours: [] } }, sla: [{ queue: "support", first_reply_min: 5 }, { first_reply_min: 9 }],
  tags: [{ id: "vip", zh: "贵宾", en: "VIP" }], agents: [{ email: "lin@x.example", name: "Lin", queues: ["support"], skills: { billing: 3 } }],
};

describe("pieces of the configuration", () => {
  it("hold every thing of the section, with what the form does not know of", () => {
    const piece = pieceWith(DOCUMENT, of("queues"), "support", withPart(QUEUES[0]!, "name", "Help"));
    expect(piece).toEqual({ queues: [{ id: "support", name: "Help", mode: "claim", newer: { field: 1 } }, QUEUES[1]] });
    expect(pieceWith(DOCUMENT, of("queues"), NEW, { id: "vip" })["queues"]).toHaveLength(3);
    expect(pieceWith(DOCUMENT, of("queues"), "senior", null)).toEqual({ queues: [QUEUES[0]] });
    expect(pieceRaised(DOCUMENT, of("queues"), "senior")).toEqual({ queues: [QUEUES[1], QUEUES[0]] });
  });

  it("name calendars by their ids, and targets by what they say", () => {
    expect(pieceWith(DOCUMENT, of("calendars"), NEW, { id: "night", timezone: "UTC" })).toEqual({ calendars: { office: { hours: [] }, night: { timezone: "UTC" } } });
    const [first, second] = listed(DOCUMENT, of("sla"));
    expect(listed({ sla: [{ a: 1 }, ...itemsOf(DOCUMENT["sla"]), { a: 1 }] }, of("sla")).map(({ key }) => key)).toEqual(['{"a":1}', first!.key, second!.key, '{"a":1}~1']);
    expect(whereOf(DOCUMENT, of("sla"), { key: second!.key, item: {} })).toBe("sla.1");
    expect(whereOf(DOCUMENT, of("queues"), { key: NEW, item: {} })).toBe("queues.2");
    expect(whereOf(DOCUMENT, of("calendars"), { key: NEW, item: { id: "night" } })).toBe("calendars.night");
  });

  it("say that something is empty, where leaving it out would keep it", () => {
    const general = listed(DOCUMENT, of("general"))[0]!.item;
    const emptied = withPart(withPart(general, "retention_days", undefined), "allowed_origins", undefined);
    expect(pieceWith(DOCUMENT, of("general"), "general", emptied)).toMatchObject({ retention_days: null, allowed_origins: [], name: { zh: "蓝屿", en: "Lanyu" } });
  });

  it("are YAML whatever is in a text", () => {
    expect(yamlOf({ name: "#1: “a”\u2028\u0085" })).toBe('{"name":"#1: “a”\\u2028\\u0085"}');
  });

  it("are the same in whatever order their parts are", () => {
    expect(same({ a: 1, b: [{ c: 2 }] }, { b: [{ c: 2 }], a: 1 })).toBe(true);
    expect([same({ a: 1 }, { a: 1, b: null }), same([1, 2], [2, 1]), same({}, [])]).toEqual([false, false, false]);
  });
});

it("knows who uses a thing before it is deleted", () => {
  expect(usersOf(DOCUMENT, "queues", "support")).toEqual(["Lin", "Refund", "sla"]);
  expect(usersOf(DOCUMENT, "calendars", "office")).toEqual(["Senior"]);
  expect(usersOf(DOCUMENT, "skills", "billing")).toEqual(["Lin"]);
  expect(usersOf(DOCUMENT, "tags", "vip")).toEqual(["Refund"]);
  expect(usersOf(DOCUMENT, "queues", "senior")).toEqual([]);
});

/** A desk whose server has this configuration; `applied`: what it answers to a piece. */
async function begin(applied: Answer, document: Item = DOCUMENT, version = "v1"): Promise<Trial> {
  const desk = await trial({ "/config/apply": applied, "/v1/admin/config": { status: 200, body: { yaml: "", document, version } } }, "en");
  await desk.forms.start();
  return desk;
}
const OK: Answer = { status: 200, body: { version: "v1", changes: [] } };
const sent = ({ requests }: Trial): unknown[] => requests.filter(({ path }) => path.endsWith("/apply")).map(({ body }) => body);

it.each([
  ["'vip' is there twice", "已经有一个同样的了。"],
  ["queue support goes by the calendar 'office', which does not exist; `calendars` has: none", "队列 support 正在使用时间表 office，请先更改队列。"],
  ["lin@x.example still has it: There is no queue 'support'; there are none", "账号 lin@x.example 正在使用，请先更改账号。"],
  ["en: there is no variable {agnet}; did you mean agent?", "没有变量 agnet。"],
  ["Input should be greater than or equal to 5 (here: '1')", "不能小于 5。"],
  ["String should have at most 80 characters (here: 'x')", "最多 80 个字符。"],
  ["'push' is not possible; did you mean claim?", "不能选择此项。"],
  ["roster: lin is on two shifts (1 and 3) on Tuesday 14:00-16:00; it is open and nobody works on Monday 09:00-10:00", "营业时间内没有人上班：Monday 09:00-10:00。"],
  ["zh: Single '}' encountered in format string; write {{ and }} for braces that stand for themselves", "大括号不成对；要写大括号本身，请写 {{ 和 }}。"],
  ["Somebody waits in the queue senior; transfer or answer him before the queue goes.", "队列 senior 里还有人在排队，请先转走或接待。"],
  ["queues.0: There is no queue 'vip'; there are: support", "队列 vip 不存在。"],
  ["lin@x.example has an account already: a_1.", "lin@x.example 已有账号。"],
  ["lin@x.example has a disabled account; enable it already: a_1.", "lin@x.example 已有账号，但已停用；请启用那个账号。"],
  ["token (the bot's token) does not look like \\d+:.*.", "token 的格式不正确（the bot's token）。"],
  ["a sentence of tomorrow", "a sentence of tomorrow"],
])("says %j in Chinese", (message, words) => {
  expect(wrongText(message, translator("zh"))).toBe(words);
});

it.each([
  ["'push' is not possible; did you mean claim?", "不能选择此项。是不是 claim？", "This cannot be chosen. Did you mean claim?"],
  ["there is no such field; there are: date, name, open", "没有这个字段。可用的有：date, name, open。", "There is no such field. There are: date, name, open."],
  ["there is no such section; there are none", "没有这个部分。目前一个也没有。", "There is no such section. There are none."],
  ["Input should be a valid integer, unable to parse string as an integer (here: 'five')", "请填数字。（这里写的是 'five'）", "A number, please. (here: 'five')"],
  ["This is no YAML: found character '\\t' that cannot start any token.", "缩进不能用 Tab，请改用空格。", "Lines are indented with spaces, not with tabs."],
  ["This is no YAML: expected URI, but found ' '.", "YAML 写法有误：expected URI, but found ' '。", "This is no YAML: expected URI, but found ' '."],
  ["a sentence of tomorrow; did you mean x?", "a sentence of tomorrow; did you mean x?", "a sentence of tomorrow; did you mean x?"],
])("says %j to who writes the file", (message, chinese, english) => {
  expect(wrongInFile(message, translator("zh"))).toBe(chinese);
  expect(wrongInFile(message, translator("en"))).toBe(english);
});

describe("a form", () => {
  it("sends its section with the version that was read, and is no longer edited", async () => {
    const desk = await begin(OK);
    desk.forms.edit(of("tags"), "vip", { id: "vip", zh: "贵宾客户", en: "VIP" });
    expect(await desk.forms.save(of("tags"), "vip")).toBe(true);
    expect(sent(desk)).toEqual([{ yaml: '{"tags":[{"id":"vip","zh":"贵宾客户","en":"VIP"}]}', version: "v1" }]);
    expect(desk.forms.isEdited(of("tags"), "vip")).toBe(false);
  });

  it("is not edited when it says again what is stored", async () => {
    const desk = await begin(OK);
    desk.forms.edit(of("tags"), "vip", { id: "vip", zh: "x", en: "VIP" });
    desk.forms.edit(of("tags"), "vip", { id: "vip", en: "VIP", zh: "贵宾" });
    expect(desk.forms.isEdited(of("tags"), "vip")).toBe(false);
  });

  it("keeps what was written beside what is wrong with it", async () => {
    const problems = [{ line: 1, column: 9, where: "queues.2.id", message: "too short" }];
    const desk = await begin({ status: 422, body: { error: { code: "bad_configuration", message: "line 1", problems } } });
    desk.forms.edit(of("queues"), NEW, { id: "x", name: "", mode: "claim" });
    expect(await desk.forms.save(of("queues"), NEW)).toBe(false);
    expect(desk.forms.problems.value).toEqual({ of: "queues/+", found: problems });
    expect(desk.forms.shown(of("queues"), NEW)).toMatchObject({ id: "x" });
  });

  it("makes its piece anew when another part of the file has changed, and only then", async () => {
    const stale: Answer = { status: 409, body: { error: { code: "conflict", message: "The configuration has changed.", version: "v2" } } };
    const desk = await begin(stale);
    desk.forms.edit(of("tags"), "vip", { id: "vip", zh: "x", en: "VIP" });
    expect(await desk.forms.save(of("tags"), "vip")).toBe(false);
    expect(sent(desk)).toHaveLength(2);
    const waits: Answer = { status: 409, body: { error: { code: "conflict", message: "Somebody waits in the queue senior.", queue: "senior" } } };
    const other = await begin(waits);
    expect(await other.forms.remove(of("queues"), "senior")).toBe(false);
    expect(sent(other)).toHaveLength(1);
  });

  it("does not replace what somebody else has stored before that was said", async () => {
    const theirs = { ...DOCUMENT, tags: [{ id: "vip", zh: "大客户", en: "VIP" }] };
    const desk = await begin(OK, theirs, "v2");
    desk.forms.document.value = DOCUMENT;
    desk.forms.edit(of("tags"), "vip", { id: "vip", zh: "x", en: "VIP" });
    await desk.forms.start();
    expect(await desk.forms.save(of("tags"), "vip")).toBe(false);
    expect(sent(desk)).toEqual([]);
    expect(await desk.forms.save(of("tags"), "vip")).toBe(true);
  });

  it("keeps what is written in a thing that somebody else has deleted, beside a new one that is begun", async () => {
    const desk = await begin(OK, { ...DOCUMENT, tags: [] }, "v2");
    desk.forms.document.value = DOCUMENT;
    desk.forms.edit(of("tags"), "vip", { id: "vip", zh: "x", en: "VIP" });
    desk.forms.edit(of("tags"), NEW, { id: "late", zh: "迟", en: "Late" });
    await desk.forms.start();
    expect(desk.forms.left(of("tags"))).toEqual([{ key: "vip", item: { id: "vip", zh: "x", en: "VIP" } }]);
    expect(await desk.forms.save(of("tags"), "vip")).toBe(false);
    expect([desk.forms.shown(of("tags"), NEW), sent(desk)]).toEqual([{ id: "late", zh: "迟", en: "Late" }, []]);
    expect(await desk.forms.save(of("tags"), "vip")).toBe(true);
    expect(sent(desk)).toEqual([{ yaml: '{"tags":[{"id":"vip","zh":"x","en":"VIP"}]}', version: "v2" }]);
  });

  it("stores a part that is no list beside what else is in it", async () => {
    const desk = await begin(OK, { widget: { voice: false, accent: "#155eb0" } });
    expect(await desk.forms.applyPart("widget", (before) => withLook(before, { accent: "#aa0000" }))).toBe(true);
    expect(sent(desk)).toEqual([{ yaml: '{"widget":{"voice":false,"accent":"#aa0000"}}', version: "v1" }]);
  });

  it("does not make a calendar out of another one's name", async () => {
    const desk = await begin(OK);
    desk.forms.edit(of("calendars"), NEW, { id: "office", timezone: "UTC" });
    expect(await desk.forms.save(of("calendars"), NEW)).toBe(false);
    expect([sent(desk), desk.forms.problems.value?.found[0]?.where]).toEqual([[], "calendars.office.id"]);
  });

  it("keeps what is written while it is saved, by the key that it has then", async () => {
    const desk = await begin(OK, { tags: [] });
    desk.forms.show(of("tags"), NEW);
    desk.forms.edit(of("tags"), NEW, { id: "vip", zh: "", en: "V" });
    const saved = desk.forms.save(of("tags"), NEW);
    desk.forms.edit(of("tags"), NEW, { id: "vi", zh: "", en: "VIP" });
    expect(await saved).toBe(true);
    expect([desk.forms.isEdited(of("tags"), NEW), desk.forms.open.value.get("tags")]).toEqual([false, "vip"]);
    expect(desk.forms.edited.value.get("tags/vip")).toEqual({ base: { id: "vip", zh: "", en: "V" }, now: { id: "vip", zh: "", en: "VIP" } });
  });

  it("keeps what is written back to what was stored, while another one is being stored", async () => {
    const desk = await begin(OK);
    desk.forms.edit(of("tags"), "vip", { id: "vip", zh: "x", en: "VIP" });
    const saved = desk.forms.save(of("tags"), "vip");
    desk.forms.edit(of("tags"), "vip", { id: "vip", zh: "贵宾", en: "VIP" });
    await saved;
    expect(desk.forms.shown(of("tags"), "vip")).toMatchObject({ zh: "贵宾" });
    expect(desk.forms.isEdited(of("tags"), "vip")).toBe(true);
  });

  it("does not add a calendar whose name somebody has taken since", async () => {
    const desk = await begin(OK);
    desk.forms.document.value = null; // it is read anew inside the change
    desk.forms.edit(of("calendars"), NEW, { id: "office", timezone: "UTC" });
    expect(await desk.forms.save(of("calendars"), NEW)).toBe(false);
    expect([sent(desk), desk.forms.problems.value?.of]).toEqual([[], "calendars/+"]);
  });
});

describe("a target, which has no id", () => {
  const [SUPPORT, ALL] = itemsOf(DOCUMENT["sla"]) as [Item, Item];
  const keyOf = (item: Item): string => listed({ sla: [item] }, of("sla"))[0]!.key;
  /** The list of the other administrator, in which the first one is gone. */
  const less = async (): Promise<Trial> => {
    const desk = await begin(OK, { ...DOCUMENT, sla: [ALL] });
    desk.forms.document.value = DOCUMENT;
    return desk;
  };

  it("is changed where it stands by now", async () => {
    const desk = await less();
    desk.forms.edit(of("sla"), keyOf(ALL), { first_reply_min: 7 });
    await desk.forms.start();
    expect(await desk.forms.save(of("sla"), keyOf(ALL))).toBe(true);
    expect(sent(desk)).toEqual([{ yaml: '{"sla":[{"first_reply_min":7}]}', version: "v1" }]);
  });

  it("is not deleted in another one's place when it is gone", async () => {
    const desk = await less();
    await desk.forms.start();
    expect(await desk.forms.remove(of("sla"), keyOf(SUPPORT))).toBe(false);
    expect(sent(desk)).toEqual([]);
  });

  it("keeps what is written in it when another one is deleted", async () => {
    const desk = await less();
    desk.forms.edit(of("sla"), keyOf(ALL), { first_reply_min: 7 });
    expect(await desk.forms.remove(of("sla"), keyOf(SUPPORT))).toBe(true);
    expect(sent(desk)).toEqual([{ yaml: '{"sla":[{"first_reply_min":9}]}', version: "v1" }]);
    expect(desk.forms.shown(of("sla"), listed(desk.forms.document.value!, of("sla"))[0]!.key)).toEqual({ first_reply_min: 7 });
  });
});
