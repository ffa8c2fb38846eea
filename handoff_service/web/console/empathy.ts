import type { Language } from "../shared/protocol";

/** A customer at least this unhappy (0 to 1) is met with an apology before anything else. */
const UPSET = 0.5;

/** In the customer's language; none blames, promises, or knows more than that he is upset. */
const LINES: Readonly<Record<Language, readonly string[]>> = {
  zh: ["给您添麻烦了，真的很抱歉，我来帮您处理。", "我理解您的心情，这件事我会跟到底。"],
  en: ["I'm very sorry for the trouble this has caused you. Let me sort it out.", "I understand why you are upset. I will stay with this until it is done."],
};

/** Sentences that an agent can begin with, for a customer who was last in this mood; none for one who is calm. */
export const empathyFor = (mood: number | null, language: Language): readonly string[] =>
  mood !== null && mood >= UPSET ? LINES[language] : [];
