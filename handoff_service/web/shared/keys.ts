/** Whether an input method has this key, which then chooses a character or lets go of one; 229 is how Safari tells of the last. */
export const composes = (event: { readonly isComposing: boolean; readonly keyCode?: number }): boolean => event.isComposing || event.keyCode === 229;
