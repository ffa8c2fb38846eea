import css from "../../styles/writing.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";

dress(css);

const ALL = [
  ..."😀😃😄😁😆😅🤣😂🙂😉😊😍😘😎🤔🤗🙄😮😴😢😭😡😱🥺😇🤝",
  ..."👍👎👌🙏💪👏🙌✌👋💯❤💔🎉🎁🔥⭐✅❌❓❗📦🚚🛒💰📷📱",
].filter((one) => one !== "\uFE0F");

/** For keyboards without emoji; a phone has its own. */
export function Emoji({ choose }: { choose: (emoji: string) => void }) {
  const { t } = useChat();
  return (
    <div class="emoji" role="group" aria-label={t("emoji")}>
      {ALL.map((one) => <button key={one} type="button" class="one-emoji" onClick={() => choose(one)}>{one}</button>)}
    </div>
  );
}
