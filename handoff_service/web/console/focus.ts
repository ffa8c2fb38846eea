import type { Section } from "./desk";

/** Puts the keyboard on the first card of a list, or on its title if it is empty. */
export function focusList(section: Section): void {
  const list = document.getElementById(`list-${section}`);
  (list?.querySelector<HTMLElement>(".card") ?? list?.querySelector("button"))?.focus();
}
