import { keyFor, type Translate } from "../text";

/** What the check of the configuration finds wrong, and our sentence for it; groups fill its blanks. */
const FOUND: readonly (readonly [RegExp, string])[] = [
  [/is there twice/, "twice"],
  [/^`\w+` is missing/, "empty"],
  [/^String should have at least 1 character/, "empty"],
  [/^(Tuple|List) should have at least 1 item/, "none_chosen"],
  [/^String should match pattern/, "pattern"],
  [/^Input should be greater than 0/, "above_zero"],
  [/^there is no time zone/, "zone"],
  [/^no public holidays are known/, "country"],
  [/has no subdivision '.*'; known are: (?<known>.*?)\.?$/, "subdivision"],
  [/there is no variable \{(?<name>\w*)\}/, "variable"],
  [/^a canned reply needs a text/, "no_text"],
  [/^a target sets first_reply_min/, "no_target"],
  [/^priority_from \d+ is above/, "priorities"],
  [/has `hours` and a `calendar`/, "hours_twice"],
  [/flows over into '.*', which does not exist/, "overflow"],
  [/ is a circle; let one of them end/, "circle"],
  [/is where queues overflow to/, "reserved"],
  [/queue (?<queue>\S+) goes by the calendar '(?<calendar>.*?)', which does not exist/, "calendar"],
  [/queue (?<queue>\S+) asks for the skill '(?<skill>.*?)', which is not listed/, "skill"],
  [/^(?<email>\S+@\S+) still has it/, "still_has"],
  [/^there is no queue '(?<name>.*?)'/i, "queue"],
  [/^a shift of .* names either/, "shift"],
  [/is a special day twice/, "day_twice"],
];

/** A problem as an administrator reads it; what we have no words for stands as the server said it. */
export function wrongText(message: string, t: Translate): string {
  for (const [pattern, name] of FOUND) {
    const found = pattern.exec(message);
    const key = found === null ? null : keyFor("wrong", name);
    if (found !== null && key !== null) return t(key, found.groups ?? {});
  }
  return message;
}
