import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * A component whose file is loaded when it is first shown; until then nothing is drawn, or `meanwhile`.
 *
 * A file that does not come (offline) is asked for again, ever more seldom, as long as it is to be shown.
 */
export function lazy<P extends object>(
  load: () => Promise<ComponentType<P>>, meanwhile: (props: P) => preact.JSX.Element | null = () => null,
): (props: P) => preact.JSX.Element | null {
  let Loaded: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [, arrived] = useState(false);
    useEffect(() => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      let gone = false;
      const fetch = (wait: number) => {
        if (Loaded !== null) return arrived(true);
        load().then((component) => {
          Loaded = component;
          arrived(true);
        }).catch((error: unknown) => {
          console.warn("Tandem: a part of the chat did not load.", error);
          if (!gone) timer = setTimeout(fetch, wait, Math.min(LONGEST_WAIT_MS, 2 * wait));
        });
      };
      if (Loaded === null) fetch(FIRST_WAIT_MS);
      return () => {
        gone = true;
        clearTimeout(timer);
      };
    }, []);
    return Loaded === null ? meanwhile(props) : <Loaded {...props} />;
  };
}
