import { vi } from "vitest";

/** The browser's upload, carried out by the test. */
export class FakeUpload {
  static all: FakeUpload[] = [];
  static get last(): FakeUpload {
    const last = FakeUpload.all.at(-1);
    if (last === undefined) throw new Error("nothing has been uploaded");
    return last;
  }
  readonly upload: { onprogress: ((event: { lengthComputable: boolean; loaded: number; total: number }) => void) | null } = { onprogress: null };
  onload: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onabort: (() => void) | null = null;
  ontimeout: (() => void) | null = null;
  status = 0;
  responseText = "";
  aborted = false;

  open(): void {}
  setRequestHeader(): void {}
  send(): void {
    FakeUpload.all.push(this);
  }
  abort(): void {
    this.aborted = true;
    this.onabort?.();
  }
  tell(share: number): void {
    this.upload.onprogress?.({ lengthComputable: true, loaded: share * 100, total: 100 });
  }
  async answer(status: number, body: unknown): Promise<void> {
    this.status = status;
    this.responseText = body === null ? "<html>" : JSON.stringify(body);
    this.onload?.();
    await Promise.resolve();
  }
}

export function fakeUploads(): void {
  FakeUpload.all = [];
  vi.stubGlobal("XMLHttpRequest", FakeUpload);
}
