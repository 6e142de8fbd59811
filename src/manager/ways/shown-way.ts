// The way in a route key, in words.

import { isAsked } from '../../route/asked-key.ts';
import { bareKey } from '../../route/bare-key.ts';
import { routeNameIn } from '../../route/plan-key.ts';
import { withoutDemand } from '../../route/security/demand.ts';
import { ruleOfTargetKey } from '../../route/target-key.ts';

export function shownWay(key: string): string {
  if (isAsked(withoutDemand(key))) return 'asked when it is due';
  const plain = bareKey(key);
  if (plain.startsWith('mx:')) return `the MX of ${plain.slice('mx:'.length)}`;
  const named = ruleOfTargetKey(plain.slice(0, plain.indexOf(':')));
  if (named !== undefined) return named.name;
  const name = routeNameIn(plain);
  return name === '' ? 'a [[route]] without a name' : `[[route]] ${name}`;
}
