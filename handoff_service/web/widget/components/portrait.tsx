import { useChat } from "./context";
import { lazy } from "./lazy";

const Picture = lazy(() => import("./extras/picture").then((file) => file.Picture));

/** An agent's picture, or the first letter of his name. */
export function Portrait({ name, kind }: { name: string | null | undefined; kind: "avatar" | "face" }) {
  const { faces } = useChat();
  const address = faces.of(name);
  return (
    <span class={`${kind} agent`} aria-hidden="true">
      {initial(name)}
      {address !== undefined && <Picture key={address} load={() => faces.load(address)} name="" small quiet />}
    </span>
  );
}

function initial(name: string | null | undefined): string {
  return [...(name ?? "").trim()][0]?.toUpperCase() ?? "•";
}
