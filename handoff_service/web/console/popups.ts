import { signal } from "@preact/signals";
import type { KeyValueStorage } from "../shared/client";
import type { Ring } from "./alerts";

type Shown = Pick<Notification, "onclick" | "close">;
/** What of the browser's notifications this page uses. */
export interface Notifier {
  readonly permission: NotificationPermission;
  requestPermission(): Promise<NotificationPermission>;
  new (title: string, options: NotificationOptions): Shown;
}

/** Notifications of the desktop, for who has another window before his eyes; the browser asks once, after a click. */
export class Popups {
  /** Whether there is still something to ask: the button for it is shown. */
  readonly askable = signal(false);

  /** `notifier`: the browser's own; undefined where it has none. */
  constructor(
    private readonly memory: KeyValueStorage,
    private readonly notifier: Notifier | undefined = globalThis.Notification as Notifier | undefined,
  ) {
    this.askable.value = notifier?.permission === "default" && memory.getItem("popups") !== "asked";
  }

  async ask(): Promise<void> {
    this.askable.value = false;
    this.memory.setItem("popups", "asked");
    await this.notifier?.requestPermission();
  }

  /** One at a time for each kind; what customers wrote is not told to whoever sees the screen. */
  show(kind: Exclude<Ring, null>, title: string, clicked: () => void): void {
    if (this.notifier?.permission !== "granted") return;
    try {
      const popup = new this.notifier(title, { tag: `tandem-${kind}` });
      popup.onclick = () => {
        popup.close();
        clicked();
      };
    } catch (error) {
      // Browsers of phones have the permission and no such notifications; the bell and the title tell there.
      if (!(error instanceof TypeError)) throw error;
    }
  }
}
