import type { DeskState, View } from "./state";

/** Pages of the desk beside the conversations, each with the permission that it needs. */
export const VIEWS: readonly { readonly view: Exclude<View, "desk">; readonly needs: string }[] = [
  { view: "wall", needs: "conversations.supervise" },
  { view: "tickets", needs: "tickets.read" },
  { view: "articles", needs: "knowledge.draft" },
  { view: "training", needs: "bot.train" },
  { view: "administration", needs: "settings.read" },
];

/** Whether the agent's role may do this; what a gateway of the release before did not tell is read off the role. */
export function holds({ me }: DeskState, permission: string): boolean {
  const { permissions, role } = me.value.agent;
  return permissions === undefined ? role === "supervisor" : permissions.includes(permission);
}
