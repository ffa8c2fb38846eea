import { h, type ComponentChild } from "preact";

/**
 * A safe Markdown subset as Preact nodes: paragraphs, line breaks, `-` and `1.` lists, **bold**, [links](https://…)
 * and bare web addresses. Everything else, HTML included, stays the text that it is.
 */
export function markdown(source: string): ComponentChild[] {
  return blocks(tame(source).replace(/\r\n?/g, "\n")).map((block, index) => render(block, index));
}

/** One line of it, without paragraphs and lists. */
export function inlineMarkdown(line: string): ComponentChild[] {
  return inline(tame(line));
}

/** The steps of a text that tells how to do something: its numbered list, if it has one of three and more. */
export function steps(source: string): string[] {
  const lists = blocks(tame(source).replace(/\r\n?/g, "\n")).filter(({ kind, lines }) => kind === "ol" && lines.length >= 3);
  return lists.length === 1 ? lists[0]!.lines : [];
}

/** Text as somebody typed it, with piles of combining marks cut so that they cannot cover other messages. */
export function tame(text: string): string {
  return text.replace(/(\p{M}{8})\p{M}+/gu, "$1");
}

/** The address if it may be opened from a message, else null. */
export function safeHref(address: string): string | null {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return null; // relative or broken
  }
  return ["http:", "https:", "mailto:", "tel:"].includes(url.protocol) ? url.href : null;
}

interface Block {
  kind: "p" | "ul" | "ol";
  start: number;
  lines: string[];
}

const BULLET = /^\s{0,3}[-*•]\s+(.+)$/;
const NUMBER = /^\s{0,3}(\d{1,3})[.、)]\s*(.+)$/;
const HEADING = /^#{1,6}\s+(.+)$/;

function blocks(source: string): Block[] {
  const found: Block[] = [];
  let open: Block | null = null;
  const add = (kind: Block["kind"], line: string, start = 1) => {
    if (open?.kind !== kind) {
      open = { kind, start, lines: [] };
      found.push(open);
    }
    open.lines.push(line);
  };
  for (const line of source.split("\n")) {
    const bullet = BULLET.exec(line);
    const number = NUMBER.exec(line);
    const heading = HEADING.exec(line);
    if (bullet?.[1] !== undefined) add("ul", bullet[1]);
    else if (number?.[2] !== undefined) add("ol", number[2], Number(number[1]));
    else if (heading?.[1] !== undefined) add("p", `**${heading[1].replaceAll("**", "")}**`);
    else if (line.trim() !== "") add("p", line);
    else if (open !== null && (open as Block).kind === "p") open = null; // a blank line ends a paragraph, not a list
  }
  return found;
}

function render(block: Block, key: number): ComponentChild {
  if (block.kind === "p") {
    const children = block.lines.flatMap((line, index) => (index === 0 ? inline(line) : [h("br", null), ...inline(line)]));
    return h("p", { key, dir: "auto" }, ...children);
  }
  const items = block.lines.map((line, index) => h("li", { key: index, dir: "auto" }, ...inline(line)));
  return block.kind === "ul" ? h("ul", { key }, ...items) : h("ol", { key, start: block.start }, ...items);
}

// A bare address is ASCII without brackets and quotes, and does not end in punctuation of the sentence around it.
const INLINE = /\*\*([^*\n]+)\*\*|\[([^\]\n]{1,300})\]\(([^()\s]{1,2000})\)|https?:\/\/[!#-&*-;=?-Z\\^-z|~]*[#-&*+/-9=@-Z_a-z~]/g;

function inline(text: string, bold = true): ComponentChild[] {
  const out: ComponentChild[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, strong, label, address] = match;
    out.push(text.slice(from, match.index));
    from = match.index + whole.length;
    if (strong === undefined) out.push(link(label ?? whole, address ?? whole, whole));
    else out.push(bold ? h("strong", null, ...inline(strong, false)) : whole);
  }
  out.push(text.slice(from));
  return out.filter((child) => child !== "");
}

function link(label: string, address: string, whole: string): ComponentChild {
  const href = safeHref(address);
  if (href === null) return whole;
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, label);
}
