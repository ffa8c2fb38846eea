import { Icon } from "./Icon";
import { useWorkplace } from "./workplace";

/** Short messages about what just happened or did not; they go by themselves. */
export function Notices() {
  const { state, session } = useWorkplace();
  return (
    <div class="notices" role="status" aria-live="polite">
      {state.notices.value.map(({ id, tone, text }) => (
        <div key={id} class={`notice ${tone}`}>
          <span>{text}</span>
          <button class="icon-button" aria-label={state.t.value("notice.dismiss")} onClick={() => session.dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
