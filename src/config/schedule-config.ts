// One [[schedule]] as the rest of Sluice sees it: its windows with their zone.

import type { z } from 'zod';

import { DeliveryHours } from '../values/delivery-hours.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { schedules } from './schema/schedule.ts';

type FileSchedule = DeepReadonly<CamelKeys<z.output<typeof schedules>>>[number];

export type ScheduleConfig = Omit<FileSchedule, 'zone'> & {
  /** `FILE:LINE`, the file without its folder. */
  readonly origin: string;
  /** The zone of the windows, in every case. */
  readonly zone: string;
};

/** The part of the configuration that they are. */
export interface WithSchedules {
  readonly schedule: readonly ScheduleConfig[];
}

/** Adds the zone of the system where none is given. */
export function toSchedules(
  schedules: readonly (FileSchedule & { readonly origin: string })[],
): WithSchedules['schedule'] {
  return schedules.map((each) => ({ ...each, zone: each.zone ?? systemZone() }));
}

/** Asked only where it matters: the first question takes Node some 0.1 s. */
function systemZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** When mail of a schedule may go; undefined: it does not say. "always" lifts what another one says. */
export function hoursOf({
  windows,
  zone,
}: Pick<ScheduleConfig, 'windows' | 'zone'>): DeliveryHours | 'always' | undefined {
  if (windows === undefined) return undefined;
  return windows.length === 0 ? 'always' : new DeliveryHours(windows, zone);
}
