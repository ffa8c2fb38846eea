import { Icon } from "./Icon";
import { useWorkplace } from "./workplace";

/** Short messages about what just happened or did not; they go by themselves, except what is about a conversation elsewhere. */
export function Notices() {
  const { state, session } = useWorkplace();
  return (
    <div class="notices" role="status" aria-live="polite">
      {state.notices.value.map(({ id, tone, text, conversation }) => (
        <div key={id} class={`notice ${tone}`}>
          <span>{text}</span>
          {conversation !== null && <button class="small" onClick={() => session.open(conversation)}>{state.t.value("notice.open")}</button>}
          <button class="icon-button" aria-label={state.t.value("notice.dismiss")} onClick={() => session.dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
