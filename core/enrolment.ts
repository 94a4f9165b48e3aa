// Who takes part in experiments. One-shot identities are free to make, so whoever makes thousands
// could decide an experiment; they are answered by production and counted nowhere. Decided by what
// is known before the arm, or the rule itself would sort the arms. Pure; called for each question.

export interface EnrolmentFacts {
  visitorId: string;
  /** Turns that the server itself remembers of this session; a client's own story doesn't count. */
  rememberedTurns: number;
  /** When the visitor's identity was issued; null where there is none to read. */
  identityIssuedAtMs: number | null;
  nowMs: number;
}

/** An API key or an operator answers for such an id: `key:user`. */
const isVouchedFor = (visitorId: string) => visitorId.includes(':');

/** `minAgeSeconds` 0 means everyone. */
export function takesPart(facts: EnrolmentFacts, minAgeSeconds: number): boolean {
  if (minAgeSeconds === 0) return true;
  if (isVouchedFor(facts.visitorId) || facts.rememberedTurns > 0) return true;
  const { identityIssuedAtMs, nowMs } = facts;
  return identityIssuedAtMs !== null && nowMs - identityIssuedAtMs >= minAgeSeconds * 1000;
}
