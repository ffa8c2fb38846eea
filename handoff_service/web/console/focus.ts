import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { composes } from "../shared/keys";
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

/** For a button that opens something in its place: it has the keyboard again when that is closed. */
export function useReturning<T extends HTMLElement>(isOpen: boolean): RefObject<T | null> {
  const element = useRef<T>(null);
  const was = useRef(isOpen);
  useEffect(() => {
    if (was.current && !isOpen) element.current?.focus();
    was.current = isOpen;
  }, [isOpen]);
  return element;
}

/** Where the keyboard goes when what had it is gone: to its line if that is still there, else to the title of its panel. */
export function placesOf(element: Element | null | undefined): () => void {
  const places = [element?.closest("li"), element?.closest("section")];
  return () => {
    setTimeout(() => {
      const { activeElement: now, body } = document;
      if (now !== null && now !== body && now.isConnected) return;
      const target = places.find((one) => one?.isConnected)?.querySelector<HTMLElement>("h2, button");
      if (target instanceof HTMLHeadingElement) target.tabIndex = -1;
      target?.focus();
    });
  };
}

/** For a button that may be gone when what it does is done. */
export const keepingFocus = (run: () => Promise<unknown>) => ({ currentTarget }: { currentTarget: Element }): void => {
  const goOn = placesOf(currentTarget);
  void run().then(goOn);
};

/** Escape is the same as Cancel. */
export const onEscape = (cancel: () => void) => (event: KeyboardEvent): void => {
  if (event.key !== "Escape" || composes(event)) return;
  event.stopPropagation();
  cancel();
};
