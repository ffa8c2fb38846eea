import { Icon } from "./Icon";
import { useWorkplace } from "./workplace";

/** The title of a page beside the conversations, with the way back. */
export function PageHead({ title, lead }: { title: string; lead: string }) {
  const { state } = useWorkplace();
  const back = state.t.value("page.back");
  return (
    <header class="page-head">
      <button class="icon-button" aria-label={back} title={back} onClick={() => (state.view.value = "desk")}>
        <Icon name="back" />
      </button>
      <div>
        <h1>{title}</h1>
        <p class="hint">{lead}</p>
      </div>
    </header>
  );
}
