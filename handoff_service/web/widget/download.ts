/** Lets the browser save something under a name. */
export function download(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // some browsers begin to read it late
}

export function downloadText(name: string, text: string): void {
  // The mark makes old editors read it as UTF-8.
  download(name, new Blob(["\uFEFF", text], { type: "text/plain;charset=utf-8" }));
}
