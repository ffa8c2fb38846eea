import { newId } from "../shared/ids";
import type { KeyValueStorage } from "../shared/storage";

/**
 * This tab's device id, the same after a reload.
 *
 * A duplicated tab copies sessionStorage; so the id is only stored while no page uses it, and the copy finds none.
 */
export function claimDevice(storage: KeyValueStorage): string {
  const device = storage.getItem("device") ?? newId("d_");
  storage.removeItem("device");
  addEventListener("pagehide", () => storage.setItem("device", device));
  addEventListener("pageshow", (event) => {
    if (event.persisted) storage.removeItem("device");
  });
  return device;
}
