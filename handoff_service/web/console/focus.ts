import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

import type { Section } from "./desk";

/** Puts the keyboard on the first card of a list, or on its title if it is empty. */
export function focusList(section: Section): void {
  const list = document.getElementById(`list-${section}`);
  (list?.querySelector<HTMLElement>(".card") ?? list?.querySelector("button"))?.focus();
}

/** For an element that has the keyboard as soon as it is there. */
export function useFocused<T extends HTMLElement>(): RefObject<T | null> {
  const element = useRef<T>(null);
  useEffect(() => element.current?.focus(), []);
  return element;
}
