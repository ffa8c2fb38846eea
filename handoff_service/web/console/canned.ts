/** A reply that the tenant keeps ready, with everything filled in for one conversation. */
export interface CannedReply {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/** The replies of one conversation, as far as they are known; null: the server did not give them. */
export interface CannedReplies {
  readonly conversation: string;
  readonly replies: readonly CannedReply[] | null;
}

const SHOWN = 8;

/** What is searched for in a text that begins with a slash; null for any other text. */
export const slashQuery = (text: string): string | null => (/^\/[^\n]{0,60}$/.test(text) ? text.slice(1).trim().toLowerCase() : null);

/** The replies whose title, id or words contain what was typed; those whose title or id begins with it come first. */
export function cannedFor(replies: readonly CannedReply[], query: string): readonly CannedReply[] {
  const begins = ({ id, title }: CannedReply): boolean => id.startsWith(query) || title.toLowerCase().startsWith(query);
  return replies
    .filter(({ id, title, text }) => `${id}\n${title}\n${text}`.toLowerCase().includes(query))
    .toSorted((one, other) => Number(begins(other)) - Number(begins(one)))
    .slice(0, SHOWN);
}
