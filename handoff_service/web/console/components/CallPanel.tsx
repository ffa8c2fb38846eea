import { useEffect, useRef } from "preact/hooks";
import { snapshot } from "../../shared/call";
import { useWorkplace } from "./workplace";

/** The call that is going on, over the conversation: pictures, microphone, camera, a snapshot, and hanging up. */
export function CallPanel() {
  const { state, calls, writing } = useWorkplace();
  const t = state.t.value;
  const call = calls.active.value;
  const theirs = useRef<HTMLVideoElement>(null);
  const mine = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (theirs.current !== null) theirs.current.srcObject = call?.heard ?? null;
    if (mine.current !== null) mine.current.srcObject = call?.own ?? null;
  }, [call?.heard, call?.own]);
  if (call === null) return null;
  const shoot = async (): Promise<void> => {
    const picture = theirs.current === null ? null : await snapshot(theirs.current);
    if (picture !== null) await writing.attach(call.conversation, picture, "snapshot.jpg");
  };
  return (
    <section class={`call call-${call.media}`} aria-label={t("call.title")}>
      <p role="status">{t(`call.stage.${call.stage}`)}</p>
      <div class="call-pictures">
        <video ref={theirs} autoplay playsInline class="theirs" aria-label={t("author.customer")} hidden={call.media === "voice"} />
        {call.media === "video" && <video ref={mine} autoplay playsInline muted class="mine" aria-label={t("author.me")} />}
      </div>
      <div class="call-controls">
        <button aria-pressed={call.muted} onClick={() => calls.toggle("audio")}>{t(call.muted ? "call.unmute" : "call.mute")}</button>
        {call.media === "video" && (
          <button aria-pressed={call.hidden} onClick={() => calls.toggle("video")}>{t(call.hidden ? "call.show" : "call.hide")}</button>
        )}
        {call.media === "video" && call.stage === "talking" && <button onClick={() => void shoot()}>{t("call.snapshot")}</button>}
        <button class="danger" onClick={() => void calls.hangUp()}>{t("call.hang_up")}</button>
      </div>
    </section>
  );
}
