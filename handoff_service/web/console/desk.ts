import type { Card, Colleague, DeskFrame, Mention, MessageEntry, Owner, Promised, StatusFrame } from "../shared/protocol";

/** The lists of the left pane, in the order in which they are shown. */
export const SECTIONS = ["offers", "waiting", "mine", "aside", "mailbox", "others", "closed"] as const;
export type Section = (typeof SECTIONS)[number];
/** Alt+1..5 lead to these; offers need no key because they are always on top. */
export const NUMBERED: readonly Section[] = ["waiting", "mine", "mailbox", "others", "closed"];

export interface Desk {
  readonly lists: Readonly<Record<Section, readonly Card[]>>;
  readonly agents: readonly Colleague[];
  /** What I have promised customers and not kept yet, the most urgent first. */
  readonly promises: readonly Promised[];
  /** Where colleagues ask me something. */
  readonly mentions: readonly Mention[];
  readonly tickets: { readonly mine: number; readonly free: number; readonly overdue: number };
}
export interface Place {
  readonly section: Section;
  readonly card: Card;
}
/** Who may speak to the customer, and since which epoch. */
export interface Standing {
  readonly owner: Owner;
  readonly epoch: number;
}

export const EMPTY_DESK: Desk = {
  lists: { offers: [], waiting: [], mine: [], aside: [], mailbox: [], others: [], closed: [] },
  agents: [],
  promises: [],
  mentions: [],
  tickets: { mine: 0, free: 0, overdue: 0 },
};

/** The desk after a snapshot; closed conversations are not in snapshots and stay, unless they were reopened. */
export function withSnapshot(desk: Desk, frame: DeskFrame): Desk {
  const { offers, waiting, mine, mailbox, others } = frame;
  const offered = new Set(offers.map((card) => card.conversation));
  const open = new Set([offers, waiting, mine, mailbox, others].flat().map((card) => card.conversation));
  return {
    lists: {
      offers,
      waiting: waiting.filter((card) => !offered.has(card.conversation)),
      mine: mine.filter((card) => !card.aside_until),
      aside: mine.filter((card) => card.aside_until),
      mailbox,
      others,
      closed: desk.lists.closed.filter((card) => !open.has(card.conversation)),
    },
    agents: frame.agents,
    promises: frame.promises ?? [],
    mentions: frame.mentions ?? [],
    tickets: frame.tickets ?? EMPTY_DESK.tickets,
  };
}

/** An open page of a customer has answered for everything that it received after so long. */
const ANSWERS_MS = 10_000;

/** Whether no page of the customer answers for what was written last: it is closed, or his device sleeps. */
export const isSilent = ({ channel, customer_has = 0, last_seq, updated_at }: Card, now: number): boolean =>
  channel === "web" && customer_has > 0 && customer_has < last_seq && now - Date.parse(updated_at) > ANSWERS_MS;

/** What was offered to me and still would be, but waits for nobody any more: the customer has left the queue, say. */
export function withdrawn(desk: Desk, { waiting, offers, mine, others }: DeskFrame, now: number): readonly Card[] {
  const waits = [...waiting, ...offers, ...mine, ...others.filter(({ owner }) => owner.kind !== "bot")];
  const still = new Set(waits.map(({ conversation }) => conversation));
  return desk.lists.offers.filter(({ conversation, offer }) => offer !== null && Date.parse(offer.deadline) > now && !still.has(conversation));
}

/** The desk with the closed conversations that the server listed. */
export function withClosed(desk: Desk, cards: readonly Card[]): Desk {
  return { ...desk, lists: { ...desk.lists, closed: cards } };
}

/** The desk without what I have seen already; `seen` is the last seq that was on my screen, by conversation. */
export function withSeen(desk: Desk, seen: ReadonlyMap<string, number>): Desk {
  const mine = desk.lists.mine.map((card) => {
    const unread = Math.min(card.unread, Math.max(0, card.last_seq - (seen.get(card.conversation) ?? 0)));
    return unread === card.unread ? card : { ...card, unread };
  });
  return { ...desk, lists: { ...desk.lists, mine } };
}

/** The desk with a message that just came into a conversation of mine; older entries change nothing. */
export function withMessage(desk: Desk, conversation: string, { seq, author, audience, body }: MessageEntry): Desk {
  if (!desk.lists.mine.some((card) => card.conversation === conversation && seq > card.last_seq)) return desk;
  const heard = author.kind === "customer";
  const preview = audience === "public" && (heard || author.kind === "agent") ? body.text : null;
  const mine = desk.lists.mine.map((card) =>
    card.conversation !== conversation || seq <= card.last_seq
      ? card
      : { ...card, last_seq: seq, unread: card.unread + (heard ? 1 : 0), preview: preview ?? card.preview },
  );
  return { ...desk, lists: { ...desk.lists, mine } };
}

export function findCard(desk: Desk, conversation: string): Place | null {
  for (const section of SECTIONS) {
    const card = desk.lists[section].find((each) => each.conversation === conversation);
    if (card !== undefined) return { section, card };
  }
  return null;
}

/** The cards that J and K walk through: every list that is not folded, top to bottom. */
export function walkable(desk: Desk, folded: ReadonlySet<Section>): readonly Place[] {
  return SECTIONS.filter((section) => section === "offers" || !folded.has(section)).flatMap((section) =>
    desk.lists[section].map((card) => ({ section, card })),
  );
}

/** The conversation `step` places after the current one; stays at the ends; the first when none is current. */
export function neighbour(places: readonly Place[], current: string | null, step: 1 | -1): string | null {
  if (places.length === 0) return null;
  const at = places.findIndex((place) => place.card.conversation === current);
  const next = at < 0 ? 0 : Math.min(places.length - 1, Math.max(0, at + step));
  return places[next]?.card.conversation ?? null;
}

/** What Accept would accept: the current conversation if a person is wanted there, else the oldest offer. */
export function acceptable(desk: Desk, current: string | null): Card | null {
  const place = current === null ? null : findCard(desk, current);
  if (place !== null && place.card.handoff !== null && isAcceptable(place.section)) return place.card;
  return desk.lists.offers[0] ?? null;
}

export const isAcceptable = (section: Section): boolean =>
  section === "offers" || section === "waiting" || section === "mailbox";

/** The newest of what is known about the owner; sources of the same epoch are equally right. */
export function newestStanding(...known: readonly (Standing | null | undefined)[]): Standing | null {
  let newest: Standing | null = null;
  for (const each of known) {
    if (each && (newest === null || each.epoch > newest.epoch)) newest = { owner: each.owner, epoch: each.epoch };
  }
  return newest;
}

/** The owner with the agent's name, where the server gave only his id. */
export function namedOwner(owner: Owner, agents: readonly Colleague[]): Owner {
  const given: unknown = owner.agent;
  if (typeof given !== "string") return owner;
  return { ...owner, agent: { id: given, name: agents.find((agent) => agent.id === given)?.name ?? "" } };
}

export const standingOf = (status: StatusFrame): Standing => ({ owner: status.owner, epoch: status.epoch });

/** Whether this conversation waits for this agent's Accept. */
export const offeredTo = (owner: Owner, agent: string): boolean =>
  owner.kind === "offer" && owner.agent?.id === agent;
