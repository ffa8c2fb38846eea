/** Whether one pane is shown at a time, as narrow.css has it: mostly a phone, whose keyboard has no Shift+Enter. */
export const isNarrow = (): boolean => matchMedia("(max-width: 720px)").matches;
