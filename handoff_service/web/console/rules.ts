import { keyFor, type Translate } from "./text";

/** What the bot and the gateway write down as the rule of a decision, and our word for it. */
const RULES: readonly (readonly [RegExp, string])[] = [
  [/^(pressed: talk to a person|asks for a person|asked for a human)$/, "asked"],
  [/^may have asked for a human$/, "perhaps_asked"],
  [/^accepted the offer$/, "accepted"],
  [/^(pressed: senior colleague|asked for a senior person)$/, "senior"],
  [/^left a message$/, "left_message"],
  [/^take_over$/, "take_over"],
  [/^no answer of the bot within the reply deadline$/, "late"],
  [/^a part is too slow$/, "slow"],
  [/^the knowledge base did not answer$/, "knowledge_down"],
  [/^answered by (.+)$/, "other_bot"],
  [/^(insult or threat|insulted \d+ times)$/, "insult"],
  [/^angry words$/, "angry"],
  [/^mood is sinking$/, "mood_sinking"],
  [/^mood is unhappy$/, "mood_unhappy"],
  [/^shouting$/, "shouting"],
  [/^thumb down$/, "thumb_down"],
  [/^the answer did not help$/, "no_help"],
  [/^the same question again$/, "repeated"],
  [/^two meanings are close$/, "ambiguous"],
  [/^unusable answers in a task$/, "task_failed"],
  [/^(?<times>\d+) misses in a row(; last: .*)?$/, "misses"],
  [/^safety: (.+)$/, "safety"],
  [/^(fact in doubt|.*fact in doubt)$/, "fact_in_doubt"],
  [/^(.*: )?a language that is not judged here.*$/, "language"],
  [/^(another language|asked for another language)$/, "language"],
  [/^(no words|files without words)$/, "no_words"],
  [/^none of the choices$/, "no_choice"],
  [/(nothing asked|small talk: .*)$/, "nothing_asked"],
  [/(several articles on the topic.*|two articles are close|among_three.*)$/, "several"],
  [/says what is not wanted, and the article does not$/, "negated"],
  [/no article may be shown$/, "no_article"],
  [/probability>=threshold$/, "sure"],
  [/^(abstain|clarify|answer|error budget|probability<threshold).*$/, "doubtful"],
  [/^(looks like code|orders to a machine|not to be made out|more than \d+ characters)$/, "unreadable"],
];

/** The rule in the agent's language. */
export function ruleText(rule: string, t: Translate): string {
  for (const [pattern, name] of RULES) {
    const found = pattern.exec(rule);
    const key = found === null ? null : keyFor("rule", name);
    if (found !== null && key !== null) return t(key, { times: found.groups?.["times"] ?? "" });
  }
  return t("rule.other");
}
