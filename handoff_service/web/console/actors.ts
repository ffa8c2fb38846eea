import type { DeskState } from "./state";
import { keyFor } from "./text";

/** Who did something, as the audit has it (`agent:<id>`, `key:<id>`, `operator` …): the name of whom we know. */
export function actorName({ me, t }: Pick<DeskState, "me" | "t">, actor: string): string {
  const [kind, id] = actor.split(":") as [string, string | undefined];
  const { agent, colleagues } = me.value;
  if (kind === "agent") return [agent, ...colleagues].find((one) => one.id === id)?.name ?? actor;
  const key = keyFor("reports.actor", kind);
  return key === null ? actor : t.value(key, { id: id ?? "" });
}
