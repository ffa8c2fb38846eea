import type { Card, Owner, Person } from "../shared/protocol";
import { findCard, isAcceptable } from "./desk";
import type { DeskState } from "./state";
import type { Translate } from "./text";
import { holds } from "./views";

/** Who owns the conversation, in the agent's words. */
export function ownerText(owner: Owner, me: string, t: Translate): string {
  if (owner.kind === "agent") return owner.agent?.id === me ? t("owner.me") : t("owner.agent", { name: owner.agent?.name ?? "" });
  if (owner.kind === "offer") return t("owner.offer", { name: owner.agent?.name ?? "" });
  return t(`owner.${owner.kind}`);
}

/** Whether this agent speaks with customers at all. */
export const mayAnswer = (state: DeskState): boolean => holds(state, "conversations.answer");

/** Whether a person is wanted in the open conversation. */
export function mayAccept(state: DeskState): boolean {
  if (!mayAnswer(state)) return false;
  const conversation = state.current.value;
  const place = conversation === null ? null : findCard(state.desk.value, conversation);
  return place !== null && isAcceptable(place.section) && place.card.handoff !== null;
}

/** From the bot anybody may, from a colleague a supervisor. */
export function mayTakeOver(state: DeskState): boolean {
  const kind = state.standing.value?.owner.kind;
  if (!mayAnswer(state)) return false;
  if (kind === "bot") return true;
  return kind === "agent" && !state.holding.value && holds(state, "conversations.supervise");
}

/** The colleague whom a supervisor may whisper to in the open conversation: the one who holds it. */
export function whisperable(state: DeskState): Person | null {
  const owner = state.standing.value?.owner;
  if (owner?.kind !== "agent" || owner.agent?.id === undefined || state.holding.value) return null;
  return holds(state, "conversations.supervise") ? { id: owner.agent.id, name: owner.agent.name } : null;
}

/** Whether a supervisor may join what a colleague holds, or take it from the bot. */
export const mayStepIn = ({ owner }: Pick<Card, "owner">, me: string): boolean =>
  owner.kind === "bot" || (owner.kind === "agent" && owner.agent?.id !== me);
