import { useEffect, useRef } from "preact/hooks";

/** Puts the focus on an element when it appears, and again when `step` changes: `autofocus` only works on pages that nobody has touched. */
export function useFocus<E extends HTMLElement>(step: unknown = null) {
  const element = useRef<E>(null);
  useEffect(() => element.current?.focus(), [step]);
  return element;
}
