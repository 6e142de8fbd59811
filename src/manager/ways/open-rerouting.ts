// Puts together what moves waiting mail to other routes: after reloads, and after changes of tables of routes.

import type { QueueReader, SpoolStore } from '../../spool/types.ts';
import type { Config } from '../../config/config.ts';
import type { RouteTables } from '../ports.ts';
import { Rerouter, type RerouteParts } from '../rerouter.ts';
import { Reroutes } from './reroutes.ts';
import { WaysWatch } from './ways-watch.ts';

export interface ReroutingParts extends Omit<RerouteParts, 'envelope'> {
  readonly store: Pick<SpoolStore, 'locate'>;
  readonly reader: Pick<QueueReader, 'readEnvelope'>;
}

/** What a manager is given. */
interface GivenParts {
  readonly config: Config;
  readonly routeTables?: RouteTables | undefined;
}

export function openRerouting(
  parts: ReroutingParts,
  { config, routeTables }: GivenParts,
): { readonly rerouter: Rerouter; readonly waysWatch: WaysWatch; readonly reroutes: Reroutes } {
  const { asked, reader, store, timers } = parts;
  const all: RerouteParts = {
    ...parts,
    envelope: async (queueId) => {
      const ref = store.locate(queueId);
      return ref === undefined ? undefined : reader.readEnvelope(ref).catch(() => undefined);
    },
  };
  const rerouter = new Rerouter(all);
  const waysWatch = new WaysWatch({ rerouter, asked, tables: routeTables, timers }, config);
  return { rerouter, waysWatch, reroutes: new Reroutes(all) };
}
