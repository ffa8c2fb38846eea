import type { TextKey } from "./text";

/** What a reply says that its author may want to look at before it goes out; nothing is forbidden by it. */
export type Warning = Extract<TextKey, `warning.${string}`>;

/** In each warning's pattern, words of Chinese and of English; a colleague would raise an eyebrow at them. */
const PATTERNS: Readonly<Record<Warning, RegExp>> = {
  "warning.promise":
    /\d+\s*(?:个)?(?:工作日|小时|分钟|天)(?:之?内|以内|给|答复|到账)|(?:今天|明天|后天|下周|本周|周[一二三四五六日天]).{0,8}(?:前|之前|回复|答复|处理|到账|联系)|(?:保证|一定会|肯定会|承诺)|\bwithin (?:\d+|an?|one|two|three) (?:minutes?|hours?|(?:business |working )?days?|weeks?)\b|\b(?:I|we)(?:'ll| will) .{0,40}\b(?:today|tonight|tomorrow|by (?:monday|tuesday|wednesday|thursday|friday|noon|the end))\b|\b(?:i|we) (?:promise|guarantee)\b/i,
  "warning.tone":
    /冷静(?:点|一下)|你(?:自己|懂不懂|听不懂|有没有看)|不是说了|说了多少遍|爱[^。,，]{1,4}不|随便你|关我什么|\bcalm down\b|\bas i (?:already )?(?:said|told)\b|\byou should have\b|\bnot my (?:problem|job)\b|\bobviously\b|[!！]{2,}/i,
  "warning.private": /(?:\d[ -]?){16,19}|\b\d{17}[\dXx]\b|(?:密码|验证码)\s*(?:是|[:：])\s*\S|\b(?:password|pin|code) is \S/i,
};

/** The warnings that a text deserves, in the order of PATTERNS. */
export function warningsOf(text: string): readonly Warning[] {
  const shouts = text.length >= 12 && text === text.toUpperCase() && /[A-Z]{4}/.test(text);
  return (Object.keys(PATTERNS) as Warning[]).filter(
    (warning) => PATTERNS[warning].test(text) || (warning === "warning.tone" && shouts),
  );
}
