import { useEffect, useRef } from "preact/hooks";

/** For what lies over the conversation: it has the focus, nobody comes by Tab to what is under it, and after it one writes on. */
export function useOver() {
  const over = useRef<HTMLElement>(null);
  useEffect(() => {
    const element = over.current;
    if (element === null) return;
    const panel = element.parentElement;
    const below = [...(panel?.children ?? [])].filter((one): one is HTMLElement => one instanceof HTMLElement && one !== element);
    for (const one of below) one.inert = true;
    element.focus();
    return () => {
      for (const one of below) one.inert = false;
      panel?.querySelector<HTMLElement>(".composer textarea")?.focus();
    };
  }, []);
  return over;
}
