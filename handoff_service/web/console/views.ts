import type { DeskState, View } from "./state";

/** Pages of the desk beside the conversations, each with the permission that it needs. */
export const VIEWS: readonly { readonly view: Exclude<View, "desk">; readonly needs: string }[] = [
  { view: "wall", needs: "conversations.supervise" },
  { view: "tickets", needs: "tickets.read" },
  { view: "articles", needs: "knowledge.draft" },
  { view: "training", needs: "bot.train" },
  { view: "reports", needs: "reports.read" },
  { view: "administration", needs: "settings.read" },
];

/** What every agent of the release before might do. */
const ALWAYS: ReadonlySet<string> = new Set(["conversations.read", "conversations.answer"]);

/** Whether the agent's role may do this; what a gateway of the release before did not tell is read off the role. */
export function holds({ me }: Pick<DeskState, "me">, permission: string): boolean {
  const { permissions, role } = me.value.agent;
  return permissions === undefined ? role === "supervisor" || ALWAYS.has(permission) : permissions.includes(permission);
}

/** The page to show where `wanted` is chosen; null: this agent may see none. The desk needs the right to read conversations. */
export function viewFor(state: Pick<DeskState, "me">, wanted: View): View | null {
  if (wanted !== "desk" || holds(state, "conversations.read")) return wanted;
  return VIEWS.find(({ needs }) => holds(state, needs))?.view ?? null;
}
