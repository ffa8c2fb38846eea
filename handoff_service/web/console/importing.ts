import type { Language } from "../shared/protocol";
import type { ArticleFields } from "./articles";

export interface RowProblem {
  readonly line: number;
  readonly why: string;
}
export interface ImportReport {
  readonly done: number;
  readonly all: number;
  readonly failed: readonly RowProblem[];
  readonly finished: boolean;
}
interface Row {
  readonly line: number;
  readonly article: ArticleFields;
}

/** Columns by which a table is read, and how people call them. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  title: ["title", "标题"],
  answer: ["answer", "答案", "回答", "内容"],
  category: ["category", "分类", "类别"],
  id: ["id", "编号"],
  language: ["language", "语言"],
  questions: ["questions", "similar questions", "相似问法", "问法", "问题"],
  audience: ["audience", "对象"],
  owner: ["owner", "负责人"],
};
const REQUIRED = ["title", "answer", "category", "questions"] as const;

/** The text of a file that a spreadsheet has saved; one on Chinese Windows saves no UTF-8 unless it is told to. */
export function textOf(content: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new TextDecoder("gb18030").decode(content);
  }
}

/** The cells of a table of commas or tabs (RFC 4180: quotes around cells with line ends or separators), with their lines. */
export function tableOf(text: string): readonly { readonly line: number; readonly cells: readonly string[] }[] {
  const separator = (text.split("\n", 1)[0] ?? "").includes("\t") ? "\t" : ",";
  const rows: { line: number; cells: string[] }[] = [];
  let cells: string[] = [];
  let cell = "";
  let quoted = false;
  let line = 1;
  let begun = 1;
  const end = (): void => {
    cells.push(cell.trim());
    if (cells.some((each) => each !== "")) rows.push({ line: begun, cells });
    cells = [];
    cell = "";
  };
  const source = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  for (let at = 0; at < source.length; at += 1) {
    const char = source[at] as string;
    if (char === "\n") line += 1;
    if (quoted) {
      if (char !== '"') cell += char;
      else if (source[at + 1] === '"') cell += source[(at += 1)];
      else quoted = false;
    } else if (char === '"' && cell.trim() === "") {
      quoted = true;
      cell = "";
    } else if (char === separator) {
      cells.push(cell.trim());
      cell = "";
    } else if (char === "\n") {
      end();
      begun = line;
    } else cell += char;
  }
  end();
  return rows;
}

/** The articles of a table whose first row names its columns; several questions are in one cell, divided by | or line ends. */
export function articlesIn(text: string, blank: (language: Language) => ArticleFields): { rows: readonly Row[]; problems: readonly RowProblem[] } {
  const [head, ...body] = tableOf(text);
  const places = new Map<string, number>();
  head?.cells.forEach((cell, place) => {
    const column = Object.keys(COLUMNS).find((name) => COLUMNS[name]?.includes(cell.toLowerCase()));
    if (column !== undefined && !places.has(column)) places.set(column, place);
  });
  const missing = REQUIRED.filter((name) => !places.has(name));
  if (missing.length > 0) return { rows: [], problems: [{ line: 1, why: `${missing.join(", ")}?` }] };
  const rows = body.map(({ line, cells }) => {
    const of = (column: string): string => cells[places.get(column) ?? -1] ?? "";
    const language: Language = /^(en|english|英)/i.test(of("language")) ? "en" : /^(zh|chinese|中)/i.test(of("language")) ? "zh" : languageOf(of("title"));
    const article: ArticleFields = {
      ...blank(language),
      id: of("id") || idOf(of("title")),
      title: of("title"),
      answer: of("answer"),
      category: of("category"),
      questions: [...new Set(of("questions").split(/[|\n]/).map((each) => each.trim()).filter(Boolean))],
      ...(of("audience") !== "" && { audience: of("audience") }),
      ...(of("owner") !== "" && { owner: of("owner") }),
    };
    return { line, article };
  });
  return { rows, problems: [] };
}

const languageOf = (title: string): Language => (/[\u3400-\u9fff]/.test(title) ? "zh" : "en");

/**
 * A name from the title: its words where they are Latin, and a number of the title where they do not tell it.
 *
 * The same title has the same name in every file, so that a table imported again meets its own articles.
 */
function idOf(title: string): string {
  const words = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);
  const isWhole = words.length > 2 && words.length < 60 && !/[^\x00-\x7f]/.test(title);
  return isWhole ? words : `${words.length > 2 ? words.slice(0, 40) : "import"}-${numberOf(title.normalize("NFKC"))}`;
}

/** 64 bits of FNV-1a (RFC draft-eastlake-fnv) in base 36. */
function numberOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(36);
}
