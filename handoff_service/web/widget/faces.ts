import { signal } from "./signals";
import type { Owner } from "../shared/protocol";

/** Pictures of the agents who have served this customer, by the name under which they write. */
export class Faces {
  private readonly addresses = signal<ReadonlyMap<string, string>>(new Map());
  private readonly contents = new Map<string, Promise<Blob>>();

  constructor(private readonly baseUrl: string) {}

  learn({ agent }: Owner): void {
    if (agent?.picture === undefined || this.addresses.value.get(agent.name) === agent.picture) return;
    this.addresses.value = new Map(this.addresses.value).set(agent.name, agent.picture);
  }

  /** Where his picture is; undefined for who has none. */
  of(name: string | null | undefined): string | undefined {
    return this.addresses.value.get(name ?? "");
  }

  load(address: string): Promise<Blob> {
    const known = this.contents.get(address);
    if (known !== undefined) return known;
    const content = fetch(this.baseUrl + address, { credentials: "omit" }).then((answer) => answer.blob());
    this.contents.set(address, content);
    return content;
  }
}
