/** Kinds that a browser draws and never runs. */
const PICTURES: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

export const isPicture = ({ type }: { readonly type: string }): boolean => PICTURES.has(type);

/** The files of a paste; none where there are words as well, which office programs give beside a picture of them. */
export function pastedFiles(data: DataTransfer | null): readonly File[] {
  return data === null || data.getData("text/plain") !== "" ? [] : [...data.files];
}
