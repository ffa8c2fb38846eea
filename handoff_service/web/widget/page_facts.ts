import type { CustomerApi } from "./api";
import type { Attributes } from "./page_api";
import { signal } from "./signals";

/** What the page knows of its visitor, and where he is: told once, and again when there is more. */
export class PageFacts {
  readonly attributes = signal<Attributes>({});
  private told = false;

  constructor(private readonly api: CustomerApi) {}

  add(attributes: Attributes): void {
    this.attributes.value = { ...this.attributes.value, ...attributes };
    this.told = false;
  }

  /** Nobody waits for it; what does not arrive is told with the next message. */
  tell(): void {
    if (this.told) return;
    this.told = true;
    const page = { page: location.origin + location.pathname, title: document.title };
    this.api.attributes({ ...page, ...this.attributes.value }).catch(() => (this.told = false));
  }
}
