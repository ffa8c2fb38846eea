import type { FileProblem } from "../administration";
import type { Section } from "./sections";

/** A value of the configuration file. */
export type Value = null | boolean | number | string | readonly Value[] | Item;
export interface Item {
  readonly [name: string]: Value;
}
/** One thing of a section: a queue, a tag. `key`: its id; what it says where things have none, for places move. */
export interface Listed {
  readonly key: string;
  readonly item: Item;
}
/** The key of what is not stored yet; no id begins like this. */
export const NEW = "+";

export const isItem = (value: Value | undefined): value is Item =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const listOf = (value: Value | undefined): readonly Value[] => (Array.isArray(value) ? value : []);
export const itemsOf = (value: Value | undefined): readonly Item[] => listOf(value).filter(isItem);
export const textOf = (value: Value | undefined): string => (typeof value === "string" ? value : "");

/** What stands at a place ("complaints.categories"); undefined: nothing. */
export const valueAt = (item: Item, place: string): Value | undefined =>
  place.split(".").reduce<Value | undefined>((value, name) => (isItem(value) ? value[name] : undefined), item);

/** Whether two values say the same, in whatever order their parts are written. */
export function same(one: Value | undefined, other: Value | undefined): boolean {
  if (isItem(one) && isItem(other)) {
    return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((name) => same(one[name], other[name]));
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((each: Value, place) => same(each, other[place]));
  }
  return one === other;
}

/** The item with one part set; undefined takes it out, so that it has its default. */
export function withPart(item: Item, name: string, value: Value | undefined): Item {
  const { [name]: _before, ...rest } = item;
  return value === undefined ? rest : { ...item, [name]: value };
}

/** What a section holds, in its order. */
export function listed(document: Item, section: Section): readonly Listed[] {
  const stored = document[section.id];
  switch (section.holds) {
    case "parts":
      return [{ key: section.id, item: partsOf(document, section.parts, document) }];
    case "names":
      return Object.entries(isItem(stored) ? stored : {}).map(([id, one]) => ({ key: id, item: { id, ...(isItem(one) && one) } }));
    case "list":
      return section.keyed ? itemsOf(stored).map((item) => ({ key: textOf(item["id"]), item })) : byContent(itemsOf(stored));
  }
}

/** Things without ids by what they say; the second of two that say the same has its number behind it. */
function byContent(items: readonly Item[]): readonly Listed[] {
  const seen = new Map<string, number>();
  return items.map((item) => {
    const said = JSON.stringify(item);
    const before = seen.get(said) ?? 0;
    seen.set(said, before + 1);
    return { key: before === 0 ? said : `${said}~${before}`, item };
  });
}

/** Parts of the file by what `item` says of them; what it leaves out is empty, for a file without it would change nothing. */
function partsOf(document: Item, parts: readonly string[], item: Item): Item {
  const empty = (value: Value | undefined): Value => (Array.isArray(value) ? [] : isItem(value) ? {} : null);
  return Object.fromEntries(parts.map((name) => [name, item[name] ?? empty(document[name])]));
}

/** The piece of the file in which the thing with this key is `item`; a new one is added at the end, null takes it out. */
export function pieceWith(document: Item, section: Section, key: string, item: Item | null): Item {
  if (section.holds === "parts") return partsOf(document, section.parts, item ?? {});
  const before = listed(document, section);
  const there = before.some((one) => one.key === key);
  const after = there
    ? before.flatMap((one) => (one.key !== key ? [one.item] : item === null ? [] : [item]))
    : [...before.map((one) => one.item), ...(item === null ? [] : [item])];
  return pieceOf(section, after);
}

/** The piece of the file in which a thing stands one place further up; the first queue is the usual one. */
export function pieceRaised(document: Item, section: Section, key: string): Item {
  const items = listed(document, section);
  const at = items.findIndex((one) => one.key === key);
  const moved = at <= 0 ? items : [...items.slice(0, at - 1), items[at]!, items[at - 1]!, ...items.slice(at + 1)];
  return pieceOf(section, moved.map(({ item }) => item));
}

function pieceOf(section: Section, items: readonly Item[]): Item {
  if (section.holds === "list") return { [section.id]: items };
  return { [section.id]: Object.fromEntries(items.map(({ id, ...rest }) => [textOf(id), rest])) };
}

/** Where the file says that a thing is, as problems name it: "queues.2", "calendars.office"; "" for the file itself. */
export function whereOf(document: Item, section: Section, { key, item }: Listed): string {
  if (section.holds === "parts") return "";
  if (section.holds === "names") return `${section.id}.${textOf(item["id"])}`;
  const things = listed(document, section);
  const at = things.findIndex((one) => one.key === key);
  return `${section.id}.${at < 0 ? things.length : at}`;
}

/** Whether a problem is about this place of the file or something in it. */
export const isAt = ({ where }: FileProblem, place: string): boolean =>
  place === "" || where === place || where.startsWith(`${place}.`);

/** A place inside another one. */
export const inside = (place: string, name: string | number): string => (place === "" ? String(name) : `${place}.${name}`);

/** The problems of a place that no part of it by these names shows. */
export function unclaimed(problems: readonly FileProblem[], place: string, names: readonly string[]): readonly FileProblem[] {
  return problems.filter((problem) => isAt(problem, place) && !names.some((name) => isAt(problem, inside(place, name))));
}

/** An address as browsers name the site of a page, without a path; anything else stays as it was written. */
export function originOf(text: string): string {
  const { origin } = URL.canParse(text) ? new URL(text) : { origin: "null" };
  return origin === "null" ? text : origin;
}

/** JSON is YAML; what YAML reads as the end of a line or refuses inside a text is written as its number. */
export const yamlOf = (piece: Item): string =>
  JSON.stringify(piece).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Who names a thing, by what he is called: accounts, queues, replies, targets, playbooks. */
export function usersOf(document: Item, section: string, id: string): readonly string[] {
  const names = (part: string, list: string): readonly string[] =>
    itemsOf(document[part]).filter((one) => holdsId(one[list], id)).map(nameOf);
  const playbooks = itemsOf(isItem(document["desk"]) ? document["desk"]["playbooks"] : undefined)
    .filter((one) => listOf(one["cases"]).includes(id)).map(nameOf);
  switch (section) {
    case "queues":
      return [
        ...names("agents", "queues"), ...names("canned_replies", "queues"), ...playbooks,
        ...itemsOf(document["queues"]).filter(({ overflow }) => isItem(overflow) && overflow["to"] === id).map(nameOf),
        ...itemsOf(document["sla"]).filter(({ queue }) => queue === id).map(() => "sla"),
      ];
    case "calendars":
      return itemsOf(document["queues"]).filter(({ calendar }) => calendar === id).map(nameOf);
    case "skills":
      return [...names("agents", "skills"), ...names("queues", "skills")];
    case "tags":
      return playbooks;
    default:
      return [];
  }
}

/** Whether a list of ids, a list of needs, or a mapping by id has this one. */
const holdsId = (value: Value | undefined, id: string): boolean =>
  isItem(value) ? id in value : listOf(value).some((one) => one === id || (isItem(one) && one["skill"] === id));

const nameOf = (item: Item): string => textOf(item["name"]) || textOf(item["title"]) || textOf(item["en"]) || textOf(item["id"]);
