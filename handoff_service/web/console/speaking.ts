import type { KeyValueStorage } from "../shared/client";
import { type Api, ApiError } from "./api";
import type { Me } from "../shared/protocol";

const KEY = "speaking_as";

/** The company as whose this tab acts; null for the agent's own. */
export const speakingAs = (tab: KeyValueStorage): string | null => tab.getItem(KEY);

/** From the next start of the page on, this tab acts for another company. */
export function speakAs(tab: KeyValueStorage, tenant: string): void {
  tab.setItem(KEY, tenant);
}

/** Who has just signed in, as this tab speaks; the answer to a sign-in is always about the agent's own company. */
export const signedInHere = async (api: Api, me: Me): Promise<Me> => (api.speakingAs === null ? me : whoIsHere(api));

/** Who is signed in; as himself when he does not serve the company that this tab acted for. */
export async function whoIsHere(api: Api): Promise<Me> {
  try {
    return await api.me();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403 || api.speakingAs === null) throw error;
    api.speakingAs = null;
    return api.me();
  }
}
