import { useEffect, useRef } from "preact/hooks";
import { snapshot } from "../../shared/call";
import type { ActiveCall } from "../calls";
import { useWorkplace } from "./workplace";

/** The call that is going on, over every page: with whom, pictures, microphone, camera, a snapshot, and hanging up. */
export function CallPanel() {
  const { calls } = useWorkplace();
  const call = calls.active.value;
  if (call !== null) return <Talking key={call.id} call={call} />;
  return calls.left.value === null ? null : <LeftCall />;
}

function Talking({ call }: { call: ActiveCall }) {
  const { state, calls, writing } = useWorkplace();
  const t = state.t.value;
  const theirs = useRef<HTMLVideoElement>(null);
  const mine = useRef<HTMLVideoElement>(null);
  const showsMe = call.media === "video" && call.own.getVideoTracks().length > 0;
  useEffect(() => {
    if (theirs.current !== null) theirs.current.srcObject = call.heard;
    if (mine.current !== null) mine.current.srcObject = call.own;
  }, [call.heard, call.own]);
  const name = calls.nameOf(call.conversation);
  const shoot = async (): Promise<void> => {
    const picture = theirs.current === null ? null : await snapshot(theirs.current);
    if (picture !== null) await writing.attach(call.conversation, picture, "snapshot.jpg");
  };
  return (
    <section class={`call call-${call.media}`} aria-label={t("call.title")}>
      <CallHead conversation={call.conversation} name={name} />
      <p role="status">{t(`call.stage.${call.stage}`)}</p>
      <div class="call-pictures">
        <video ref={theirs} autoplay playsInline class="theirs" aria-label={name} />
        {showsMe && <video ref={mine} autoplay playsInline muted class="mine" aria-label={t("author.me")} />}
      </div>
      {call.media === "video" && !showsMe && <p class="hint">{t("call.no_camera")}</p>}
      <div class="call-controls">
        <button aria-pressed={call.muted} onClick={() => calls.toggle("audio")}>{t(call.muted ? "call.unmute" : "call.mute")}</button>
        {showsMe && (
          <button aria-pressed={call.hidden} onClick={() => calls.toggle("video")}>{t(call.hidden ? "call.show" : "call.hide")}</button>
        )}
        {showsMe && call.switchable && <button class="call-switch" onClick={() => void calls.switchCamera()}>{t("call.switch")}</button>}
        {call.media === "video" && call.stage === "talking" && <button class="snapshot" onClick={() => void shoot()}>{t("call.snapshot")}</button>}
        <button class="danger" onClick={() => void calls.hangUp()}>{t("call.hang_up")}</button>
      </div>
    </section>
  );
}

/** A call that this page did not begin: of another window, or from before a reload. */
function LeftCall() {
  const { state, calls } = useWorkplace();
  const t = state.t.value;
  const call = calls.left.value;
  if (call === null) return null;
  return (
    <section class="call" aria-label={t("call.title")}>
      <CallHead conversation={call.conv} name={calls.nameOf(call.conv)} />
      <p role="status">{t("call.left")}</p>
      <div class="call-controls">
        <button class="danger" onClick={() => void calls.endLeft()}>{t("call.hang_up")}</button>
      </div>
    </section>
  );
}

/** With whom; leads to the conversation from wherever the agent is. */
function CallHead({ conversation, name }: { conversation: string; name: string }) {
  const { state, session } = useWorkplace();
  const go = (): void => {
    state.view.value = "desk";
    session.open(conversation);
  };
  return <button class="call-name" onClick={go}>{name}</button>;
}
