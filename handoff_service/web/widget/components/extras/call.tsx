import { useEffect, useRef } from "preact/hooks";
import type { Media } from "../../../shared/call";
import type { StandingCall } from "../../../shared/standing_call";
import css from "../../styles/call.css?inline";
import { Calls } from "../../calls";
import { Talk } from "../../talk";
import { useChat } from "../context";
import { dress } from "../dress";
import { AlertIcon, CloseIcon, MicIcon } from "../icons";
import { CameraIcon, PhoneIcon, RetryIcon } from "./icons";

dress(css);

function useCalls() {
  const chat = useChat();
  return { t: chat.t, calls: (chat.calls ??= new Calls(chat)) };
}

/** The call of this conversation: who rings, the talk itself, or the way out of one that another page has. */
export function CallView() {
  const { t, calls } = useCalls();
  const call = calls.standing.value;
  const talk = calls.talk.value;
  if (call === null) return null;
  const shown = talk !== null ? <Talking talk={talk} /> : call.state === "ringing" ? <Ringing key={call.id} call={call} /> : <Elsewhere />;
  return <section class="call" aria-label={t("callTitle")}>{shown}</section>;
}

/** Says who asks for what, and what taking it means; nothing is opened before the customer has said yes. */
function Ringing({ call }: { call: StandingCall }) {
  const { t, calls } = useCalls();
  const name = call.name || t("agentUnnamed");
  const video = call.media === "video";
  const problem = calls.problem.value?.call === call.id ? calls.problem.value.why : null;
  const take = async (media: Media): Promise<void> => {
    const talk = new Talk(calls, call);
    calls.problem.value = null;
    calls.talk.value = talk;
    const wrong = await talk.take(media);
    if (wrong === null) return;
    talk.close();
    if (calls.talk.value === talk) calls.talk.value = null;
    calls.problem.value = { call: call.id, why: wrong };
  };
  return (
    <>
      <p class="call-who" role="alert"><PhoneIcon size={18} /><bdi>{t(video ? "callRingsVideo" : "callRingsVoice", { name })}</bdi></p>
      <p class="call-note">{t(video ? "callConsentVideo" : "callConsentVoice")}</p>
      {problem !== null && <p class="problem" role="alert"><AlertIcon size={15} />{t(problem === "devices" ? "callNoDevices" : "callGone")}</p>}
      <div class="actions call-actions">
        {video && <button type="button" class="button" onClick={() => void take("video")}>{t("callAcceptVideo")}</button>}
        <button type="button" class={video ? "button plain-button" : "button"} onClick={() => void take("voice")}>{t("callAcceptVoice")}</button>
        <button type="button" class="button plain-button call-decline" onClick={() => void calls.decline()}>{t("callDecline")}</button>
      </div>
    </>
  );
}

function Talking({ talk }: { talk: Talk }) {
  const { t, calls } = useCalls();
  const theirs = useRef<HTMLVideoElement>(null);
  const mine = useRef<HTMLVideoElement>(null);
  const [heard, own] = [talk.heard.value, talk.own.value];
  useEffect(() => {
    if (theirs.current !== null) theirs.current.srcObject = heard;
    if (mine.current !== null) mine.current.srcObject = own;
  }, [heard, own]);
  const name = talk.call.name || t("agentUnnamed");
  const [muted, hidden] = [talk.muted.value, talk.hidden.value];
  const stage = talk.stage.value;
  return (
    <>
      <p class="call-who"><PhoneIcon size={18} /><bdi>{name}</bdi><span class="call-stage" role="status">{t(stage === "devices" ? "callAllow" : stage === "connecting" ? "callConnecting" : "callTalking")}</span></p>
      <div class={`call-pictures ${talk.call.media}`}>
        <video ref={theirs} autoplay playsInline class="theirs" aria-label={name} />
        {talk.camera && <video ref={mine} autoplay playsInline muted class="mine" aria-label={t("you")} />}
      </div>
      <div class="call-controls">
        <button type="button" class="tool" aria-pressed={muted} aria-label={t(muted ? "callUnmute" : "callMute")} title={t(muted ? "callUnmute" : "callMute")} onClick={() => talk.toggle("audio")}><MicIcon /></button>
        {talk.camera && <button type="button" class="tool" aria-pressed={hidden} aria-label={t(hidden ? "callShow" : "callHide")} title={t(hidden ? "callShow" : "callHide")} onClick={() => talk.toggle("video")}><CameraIcon /></button>}
        {talk.switchable.value && <button type="button" class="tool call-switch" aria-label={t("callSwitch")} title={t("callSwitch")} onClick={() => void talk.switchCamera()}><RetryIcon /></button>}
        <button type="button" class="button call-end" onClick={() => void calls.hangUp()}><CloseIcon size={18} />{t("callHangUp")}</button>
      </div>
    </>
  );
}

/** Another page of this customer has the call, or had it before it was reloaded. */
function Elsewhere() {
  const { t, calls } = useCalls();
  return (
    <>
      <p class="call-note" role="status">{t("callElsewhere")}</p>
      <div class="call-controls"><button type="button" class="button call-end" onClick={() => void calls.hangUp()}><CloseIcon size={18} />{t("callHangUp")}</button></div>
    </>
  );
}
