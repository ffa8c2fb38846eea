import type { Packet } from "../../shared/protocol";
import { moodPoints, moodTrend } from "../beside";
import { percent, type Translate } from "../text";

const WIDTH = 120;
const HEIGHT = 22;

/** How the customer's mood went, in one small line; the numbers are in its name. */
export function MoodLine({ mood, t }: { mood: Packet["mood"]; t: Translate }) {
  if (mood.length < 2) return null;
  const trend = moodTrend(mood);
  const label = t("mood.label", { from: percent(mood[0]?.unhappy ?? 0), to: percent(mood.at(-1)?.unhappy ?? 0) });
  return (
    <p class={`mood-line mood-${trend}`}>
      <svg viewBox={`-2 -2 ${WIDTH + 4} ${HEIGHT + 4}`} width={WIDTH} height={HEIGHT + 4} role="img" aria-label={label}>
        <polyline points={moodPoints(mood, WIDTH, HEIGHT)} />
      </svg>
      <span>{t(`mood.${trend}`)}</span>
    </p>
  );
}
