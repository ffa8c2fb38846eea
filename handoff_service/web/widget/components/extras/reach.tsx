import { useRef, useState } from "preact/hooks";
import { prefer, type Preferred } from "../../reach";
import type { Key } from "../../texts/catalogue";
import { useChat } from "../context";

/** Channels that have a name of their own in some language; the others are called by their brand everywhere. */
const NAMES: Readonly<Record<string, Key>> = {
  web: "channelWeb", api: "channelApi", email: "channelEmail", sms: "channelSms", voice: "channelVoice", wechat: "channelWechat",
  wechat_mini: "channelWechatMini", wecom: "channelWecom", weibo: "channelWeibo", douyin: "channelDouyin", douyin_kf: "channelDouyin", kuaishou: "channelKuaishou",
  dingtalk: "channelDingtalk", feishu: "channelFeishu",
};
const BRANDS: Readonly<Record<string, string>> = { line: "LINE", whatsapp: "WhatsApp" };

/** Where he is told how a request goes on: where he made it, or always on one of the channels on which he has written. */
export function Reach({ preferred, close }: { preferred: Preferred; close: () => void }) {
  const chat = useChat();
  const { t } = chat;
  const [chosen, setChosen] = useState(preferred.channel);
  const [state, setState] = useState<"" | "busy" | "saved" | "failed">("");
  // Arrow keys pass over choices: they are sent one after the other, the last one last.
  const wanted = useRef(preferred.channel);
  const saved = useRef(preferred.channel);
  const busy = useRef(false);
  const choose = async (channel: string | null) => {
    setChosen(wanted.current = channel);
    if (busy.current) return;
    busy.current = true;
    setState("busy");
    let sent = channel;
    let done: boolean;
    do {
      sent = wanted.current;
      done = await prefer(chat, sent);
      if (done) saved.current = sent;
    } while (wanted.current !== sent);
    busy.current = false;
    setChosen(wanted.current = saved.current);
    setState(done ? "saved" : "failed");
  };
  return (
    <div class="ask reach">
      {/* Busy, not disabled: that would take the keyboard away from the choice. */}
      <fieldset aria-busy={state === "busy"}>
        <legend>{t("reach")}</legend>
        {[null, ...preferred.channels].map((channel, index) => (
          <label key={channel} class="reach-choice">
            <input
              type="radio" name="tandem-reach" ref={(input) => { if (index === 0 && state === "") input?.focus(); }}
              checked={channel === chosen} onChange={() => void choose(channel)}
            />
            {channel === null ? t("reachAny") : NAMES[channel] !== undefined ? t(NAMES[channel]) : (BRANDS[channel] ?? capital(channel))}
          </label>
        ))}
      </fieldset>
      <p class={state === "failed" ? "problem" : "quiet"} role="status">{state === "saved" ? t("reachSaved") : state === "failed" ? t("actionFailed") : ""}</p>
      <div class="actions"><button type="button" class="button" onClick={close}>{t("close")}</button></div>
    </div>
  );
}

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
