import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

/**
 * A component whose file is loaded when it is first shown; until then nothing is drawn, or `meanwhile`.
 *
 * A file that does not come (offline, or a newer release took it away) is asked for again when it is shown again.
 */
export function lazy<P extends object>(
  load: () => Promise<ComponentType<P>>, meanwhile: (props: P) => preact.JSX.Element | null = () => null,
): (props: P) => preact.JSX.Element | null {
  let Loaded: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [, arrived] = useState(false);
    useEffect(() => {
      if (Loaded !== null) return;
      void load().then((component) => {
        Loaded = component;
        arrived(true);
      }).catch((error: unknown) => console.warn("Tandem: a part of the chat did not load.", error));
    }, []);
    return Loaded === null ? meanwhile(props) : <Loaded {...props} />;
  };
}
