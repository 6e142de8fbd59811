// Opens what operators have set for a time (suspensions, limits and diversions), and the limits that follow.

import { join } from 'node:path';

import { DiversionDesk, type DiversionDeskParts } from './diversions/diversion-desk.ts';
import type { InForce } from './in-force.ts';
import type { ManagerEvents } from './manager-events.ts';
import { Overrides } from './overrides.ts';
import type { Machine } from './ports.ts';
import { Shaping } from './shaping.ts';

export interface OpenShapingParts extends DiversionDeskParts {
  readonly machine: Pick<Machine, 'files' | 'timers' | 'random'>;
  readonly inForce: InForce;
  readonly events: Pick<ManagerEvents, 'post'>;
}

export async function openShaping(
  parts: OpenShapingParts,
): Promise<{ readonly shaping: Shaping; readonly diverting: DiversionDesk }> {
  const { machine, inForce, clockWatch, log, troubles, events } = parts;
  const overrides = await Overrides.open({
    path: join(inForce.config.spool, 'overrides.json'),
    files: machine.files,
    timers: machine.timers,
    log,
    dateMs: clockWatch.clock.dateMs,
    endsMs: clockWatch.endsMs,
    troubles,
    changed: () => events.post({ kind: 'limits' }),
  });
  const diverting = await DiversionDesk.open(parts);
  const seed = Math.floor(machine.random() * 2 ** 31);
  const shaping = new Shaping({ inForce, overrides, diversions: diverting.diversions, seed });
  return { shaping, diverting };
}
