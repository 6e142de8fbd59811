// A route key without the marks in front of it: what is left says where the route leads, and for which domain.

import { withoutChoice } from './choice.ts';
import { withoutCopies } from './copies.ts';
import { withoutDemand } from './security/demand.ts';
import { withoutRewriting } from './sender-rewriting.ts';

export function bareKey(key: string): string {
  return withoutRewriting(withoutCopies(withoutChoice(withoutDemand(key))));
}
