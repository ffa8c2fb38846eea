import { useEffect, useRef, useState } from "preact/hooks";
import type { KnowledgeHit, Language } from "../../shared/protocol";
import { ApiError } from "../api";
import { useWorkplace } from "./workplace";

const PAUSE_MS = 250;
export type Search =
  | { at: "idle" } | { at: "busy" } | { at: "failed"; error: ApiError } | { at: "found"; hits: readonly KnowledgeHit[] };

/** The answer to the newest query; answers that come late, and those to the query before, are dropped. */
export function useKnowledge(query: string, language: Language): Search {
  const { api } = useWorkplace();
  const asked = `${language} ${query}`;
  const [known, setKnown] = useState<{ asked: string; search: Search }>({ asked, search: { at: "idle" } });
  const turn = useRef(0);
  useEffect(() => {
    const mine = (turn.current += 1);
    if (query === "") return setKnown({ asked, search: { at: "idle" } });
    const show = (result: Search): void => {
      if (mine === turn.current) setKnown({ asked, search: result });
    };
    const timer = setTimeout(() => {
      show({ at: "busy" });
      api.searchKnowledge(query, language).then(
        ({ hits }) => show({ at: "found", hits }),
        (error: unknown) => {
          if (!(error instanceof ApiError)) throw error;
          show({ at: "failed", error });
        },
      );
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [query, language]);
  if (query === "") return { at: "idle" };
  return known.asked === asked ? known.search : { at: "busy" };
}
