// Who decides about the way of a recipient in the queue, where it is not the routing table, for people.

import { chooserOf } from '../route/choice.ts';
import { routeNameIn } from '../route/plan-key.ts';
import { withoutDemand } from '../route/security/demand.ts';
import { isBeingAsked } from './plugins/asked-routes.ts';

/** Undefined: the routing table decides. @param key - of the recipient's route */
export function wayText(key: string): string | undefined {
  if (isBeingAsked(key)) return 'a plugin is asked when it is due';
  const chooser = chooserOf(withoutDemand(key));
  if (chooser === undefined) return undefined;
  if (chooser === 'provisioning') return 'the record of its domain says where it goes';
  const name = routeNameIn(key);
  if (chooser === 'release')
    return `it was released from a route that holds mail${name === '' ? '' : `, and takes the route "${name}"`}`;
  return `a ${chooser} chose ${name === '' ? 'where it goes' : `the route "${name}"`}`;
}
