import type { CallRef, Entry, Owner } from "./protocol";

/** A call that no entry has ended: who rang is its `name`, `at` when its last entry was written. */
export interface StandingCall extends CallRef {
  readonly conv: string;
  readonly seq: number;
  readonly at: string;
  readonly name: string;
}

/** The call that the entries of one conversation (in order) leave standing; a new owner ends every call. */
export function standingCall(conv: string, entries: readonly Entry[], owner: Owner | null): StandingCall | null {
  if (owner !== null && owner.kind !== "agent") return null;
  for (let at = entries.length - 1; at >= 0; at -= 1) {
    const entry = entries[at]!;
    if (entry.kind === "state") return null;
    if (entry.kind !== "message" || entry.body.call === undefined) continue;
    const { call } = entry.body;
    if (call.state !== "ringing" && call.state !== "accepted") return null;
    const rang = entries.find((one) => one.kind === "message" && one.body.call?.id === call.id);
    const name = rang?.kind === "message" ? (rang.author.name ?? "") : "";
    return { ...call, conv, seq: entry.seq, at: entry.at, name };
  }
  return null;
}
