import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { SettingsPanel } from "../components/administration/SettingsPanel";
import { type Answer, type Trial, trial, whoMay } from "../fixtures";
import { click, mounted, settled } from "../mounted";
import { type Field, SECTIONS } from "./sections";
import type { Item } from "./values";

const GATEWAY = `${import.meta.dirname}/../../..`;

/** What a class of settings has, by name, with its limits as they are written. */
function settingsOf(file: string, name: string): Map<string, string> {
  const source = readFileSync(`${GATEWAY}/${file}`, "utf8");
  const body = source.split(`class ${name}(`)[1]!.split(/\n(?:class |\S*@|def )/)[0]!;
  const found = [...body.matchAll(/^ {4}(\w+): [^\n]*= [^\n]*(?:\n {8}[^\n]*|\n {4}\)[^\n]*)*|^ {4}(\w+): [^\n=]*$/gm)];
  return new Map(found.map((match) => [match[1] ?? match[2]!, match[0]]));
}
const fieldsOf = (section: string, part?: string): readonly Field[] => {
  const fields = SECTIONS.find(({ id }) => id === section)!.fields;
  const inner = fields.find(({ name }) => name === part);
  return part === undefined ? fields : (inner as Field & { kind: "part" }).fields;
};

describe.each([
  ["queues", undefined, "tenants/model.py", "QueueSettings"],
  ["rules", "tickets", "tickets/settings.py", "TicketSettings"],
  ["rules", "promises", "promises/settings.py", "PromiseSettings"],
  ["rules", "desk", "desk/settings.py", "DeskSettings"],
  ["sla", undefined, "promises/settings.py", "Target"],
  ["bot", "bot", "tenants/model.py", "BotSettings"],
  ["complaints", "complaints", "complaints/settings.py", "ComplaintSettings"],
] as const)("the form of %s %s", (section, part, file, name) => {
  it(`has a field for everything in ${name}, and nothing else`, () => {
    expect(fieldsOf(section, part).map((field) => String(field.name)).toSorted()).toEqual([...settingsOf(file, name).keys()].toSorted());
  });

  it("asks for whole numbers within the limits that the server has", () => {
    const limits = settingsOf(file, name);
    const numbers = fieldsOf(section, part).filter((field) => field.kind === "number" && !field.percent && !field.fraction);
    for (const { name: of, least, most } of numbers as readonly (Field & { kind: "number" })[]) {
      const written = limits.get(of)!;
      const [low, high] = ["ge", "le"].map((bound) => new RegExp(`${bound}=([\\d_]+)`).exec(written)?.[1]?.replaceAll("_", ""));
      // `heat` is stored as 1 or more; the 0 that an administrator writes stands for the most.
      expect([of, String(of === "heat" ? 1 : least), high === undefined ? undefined : String(most)]).toEqual([of, low, high]);
    }
  });
});

describe.each([
  ["bot", "tenants/model.py", "BotSettings", /\(([\d.]+)[,)]/],
  ["complaints", "complaints/settings.py", "ComplaintSettings", /default=(\d+)/],
] as const)("the numbers of the form of %s", (section, file, name, stated) => {
  it("show what counts where nobody has set them", () => {
    const settings = settingsOf(file, name);
    const shown = fieldsOf(section, section).filter((field) => field.kind === "number") as readonly (Field & { kind: "number" })[];
    const told = shown.map((field) => [field.name, Number(stated.exec(settings.get(field.name)!)?.[1])]);
    expect(shown.map(({ name: of, usual, percent }) => [of, (usual ?? NaN) / (percent ? 100 : 1)])).toEqual(told);
  });
});

describe("what becomes of tickets that nobody has, and of customers who do not answer", () => {
  let leave = (): void => undefined;
  afterEach(() => leave());
  const LIMITS: Item = { agent: 5_000, supervisor: 100_000 };
  const CATEGORY: Item = { id: "product", zh: "商品", en: "Product", evidence: ["pictures"] };
  const GIVEN_BACK: Item = { zh: "机器人继续为您服务，{name}。", en: "The assistant goes on, {name}." };
  const USUAL: Item = { complaints: { limits: LIMITS, categories: [CATEGORY] }, tone: { says: { given_back: GIVEN_BACK } } };
  const QUEUE: Item = { id: "support", name: "Support", mode: "claim" };

  async function saved(section: string, edit: (root: HTMLElement) => Promise<void>): Promise<unknown> {
    const document: Item = { queues: [QUEUE], desk: {}, promises: {}, capacity: {}, bot: {}, complaints: {}, tone: {}, tickets: { reopen_days: 5 } };
    const answers: Record<string, Answer> = {
      "/config/apply": { status: 200, body: { version: "v2", changes: [] } },
      "/v1/admin/config": { status: 200, body: { yaml: "", version: "v1", document, usual: USUAL } },
      "/kinds": { status: 200, body: { kinds: {} } },
      "/v1/agents/me": { status: 200, body: { tenant: { id: "demo" } } },
    };
    const desk: Trial = await trial(answers, "en", whoMay("conversations.read", "settings.write"));
    const drawn = await mounted(desk, <SettingsPanel section={SECTIONS.find(({ id }) => id === section)!} />);
    leave = () => {
      drawn.leave();
      desk.session.stop();
    };
    await settled();
    await edit(drawn.root);
    drawn.root.querySelector("form")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    await settled();
    const applied = desk.requests.find(({ path }) => path.endsWith("/apply"))?.body as { yaml: string };
    return JSON.parse(applied.yaml);
  }
  const labelled = (root: HTMLElement, text: string): HTMLInputElement => {
    const label = [...root.querySelectorAll("label")].find((each) => each.textContent === text)!;
    return (label.querySelector("input") ?? root.querySelector(`[id="${label.htmlFor}"]`)) as HTMLInputElement;
  };
  const toldOf = (root: HTMLElement, input: HTMLInputElement) => root.querySelector(`[id="${input.getAttribute("aria-describedby")}"]`)?.textContent;

  it("is one box of the queue, with what it means", async () => {
    const applied = await saved("queues", async (root) => {
      await click(root.querySelector(".things .link-row"));
      const box = labelled(root, "Give tickets that nobody has to somebody who is there");
      expect([box.checked, toldOf(root, box)]).toEqual([false, "Who has the fewest gets the next one; without it, agents take them"]);
      await click(box);
    });
    expect(applied).toEqual({ queues: [{ ...QUEUE, assign_tickets: true }] });
  });

  it("are two numbers of the tickets, of which 0 is one", async () => {
    const applied = await saved("rules", async (root) => {
      const remind = labelled(root, "Days until a customer who owes us an answer is reminded");
      const solve = labelled(root, "Days after the reminder until the ticket counts as solved");
      expect([remind.placeholder, solve.placeholder]).toEqual(["3", "7"]);
      for (const [input, text] of [[remind, "0"], [solve, "10"]] as const) {
        input.value = text;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        await settled();
      }
    });
    expect(applied).toMatchObject({ tickets: { reopen_days: 5, waiting_remind_days: 0, waiting_resolve_days: 10 } });
  });

  const typed = async (input: HTMLInputElement, text: string): Promise<void> => {
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await settled();
  };

  it("are shares of a hundred and telephone numbers for the bot", async () => {
    const applied = await saved("bot", async (root) => {
      const unhappy = labelled(root, "A message counts as unhappy from (%)");
      expect(unhappy.placeholder).toBe("42");
      await typed(unhappy, "35");
      await typed(labelled(root, "Ambulance"), "112");
    });
    expect(applied).toEqual({ bot: { unhappy: 0.35, emergency: { zh: { medical: "112" } } } });
  });

  it("are amounts in whole money, of which changing one keeps the usual others", async () => {
    const applied = await saved("complaints", async (root) => {
      const agents = labelled(root, "Agent");
      expect([agents.value, labelled(root, "Expert").value]).toEqual(["50", ""]);
      await typed(agents, "19.99");
    });
    expect(applied).toEqual({ complaints: { limits: { agent: 1999, supervisor: 100_000 } } });
  });

  it("begin with the usual categories, and one may need nothing", async () => {
    const applied = await saved("complaints", async (root) => {
      const chip = [...root.querySelectorAll("label.chip")].find((each) => each.textContent === "Pictures")!;
      await click(chip.querySelector("input"));
    });
    expect(applied).toEqual({ complaints: { categories: [{ ...CATEGORY, evidence: [] }] } });
  });

  it("is the company's tone: a guide, and a sentence that is found by its words and said otherwise", async () => {
    const applied = await saved("tone", async (root) => {
      await typed(labelled(root, "English"), "First names, please.");
      await typed(root.querySelector("input[type=search]")!, "goes on");
      await click(root.querySelector(".find-text li button"));
      const own = root.querySelector<HTMLInputElement>("[data-said='given_back/en']")!;
      expect([own.value, root.querySelector<HTMLInputElement>("[data-said='given_back/zh-Hant']")!.placeholder]).toEqual([GIVEN_BACK["en"], GIVEN_BACK["zh"]]);
      await typed(own, "Back to our assistant, {name}!");
    });
    expect(applied).toEqual({ tone: { guide: { en: "First names, please." }, says: { given_back: { en: "Back to our assistant, {name}!" } } } });
  });
});
