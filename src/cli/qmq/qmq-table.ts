// The queues of a list as a table.

import { table } from '../text-table.ts';
import { portOf } from './fragment.ts';
import type { QmqPlace, QmqState } from './qmq-place.ts';

export function tableOf({ list: { basePort } }: QmqPlace, states: readonly QmqState[]): string {
  return table(
    ['ID', 'NAME', 'IP', 'PORT', 'FRAGMENT', 'STORE'],
    states.map(({ instance, fragment, store, hasStore }) => [
      instance.id,
      instance.name,
      instance.ip ?? '',
      String(portOf(instance, basePort) ?? ''),
      fragment === 'none' ? 'to be made' : fragment === 'made' ? 'made' : 'changed by hand',
      store === undefined ? '' : hasStore ? store : `${store} (made at its first start)`,
    ]),
  );
}
