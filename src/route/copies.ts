// Copies for archives, in the route key: they leave with the null sender, so they have a plan, and so connections, of their own, and no
// transaction has copies beside other recipients. Nothing else knows of it: mail without copies has the keys that it always had.

import type { Outcome } from './outcome.ts';
import { withoutRewriting } from './sender-rewriting.ts';
import type { RouteKey } from './types.ts';

/** No plan key begins like this. What a message asks for about TLS (`security/demand.ts`) comes before it. */
const mark = 'copy!';

/** The route of a copy. There is no sender that would have to be rewritten. */
export function asCopy({ key, domain }: RouteKey): RouteKey {
  return { key: `${mark}${withoutRewriting(key)}`, domain };
}

/** @param key - without a demand about TLS */
export function isOfCopies(key: string): boolean {
  return key.startsWith(mark);
}

/** The key of the route that mail other than copies has. @param key - without a demand about TLS */
export function withoutCopies(key: string): string {
  return isOfCopies(key) ? key.slice(mark.length) : key;
}

/** The plan over whose connections nothing but copies goes: connections are shared by plans of equal security only. */
export function planOfCopies(outcome: Outcome): Outcome {
  const { plan } = outcome;
  return plan.kind === 'relay'
    ? { ...outcome, plan: { ...plan, security: `${plan.security ?? ''}+copy` } }
    : outcome;
}
