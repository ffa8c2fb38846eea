import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Workplace } from "../composition";

export const WorkplaceContext = createContext<Workplace | null>(null);

/** The signed-in agent's desk. */
export function useWorkplace(): Workplace {
  const workplace = useContext(WorkplaceContext);
  if (workplace === null) throw new Error("this component belongs inside a WorkplaceContext");
  return workplace;
}
