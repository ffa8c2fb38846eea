import { Icon } from "./Icon";
import { useWorkplace } from "./workplace";

/** Short messages about what just happened or did not; they go by themselves, except what is about a conversation elsewhere. */
export function Notices() {
  const { state, session } = useWorkplace();
  const takeBack = (id: number, undo: () => Promise<unknown>): void => {
    session.dismiss(id);
    void undo();
  };
  return (
    <div class="notices" role="status" aria-live="polite">
      {state.notices.value.map(({ id, tone, text, conversation, undo }) => (
        <div key={id} class={`notice ${tone}`}>
          <span>{text}</span>
          {conversation !== null && <button class="small" onClick={() => session.open(conversation)}>{state.t.value("notice.open")}</button>}
          {undo !== null && <button class="small undo" onClick={() => takeBack(id, undo)}>{state.t.value("notice.undo")}</button>}
          <button class="icon-button" aria-label={state.t.value("notice.dismiss")} onClick={() => session.dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
