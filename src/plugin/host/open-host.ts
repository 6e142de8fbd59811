// Opens the host of a plugin with what a process has.

import type { Timers } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { PluginLookups } from './lookups.ts';
import { PluginHost } from './plugin-host.ts';
import type { PluginSettings } from './plugin-settings.ts';
import { PluginReports } from './plugin-reports.ts';

export interface OpenHostParts {
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly troubles: Troubles;
  readonly timers: Timers;
  readonly lookups: PluginLookups;
  /** Variables of the environment of its thread. */
  readonly environment: Readonly<Record<string, string>>;
  /** See `PluginHostParts`. */
  readonly setupMs?: number | undefined;
}

/** Its thread is started at once. */
export function openPluginHost(settings: PluginSettings, parts: OpenHostParts): PluginHost {
  const { log, troubles, timers, lookups, environment, setupMs } = parts;
  const reports = new PluginReports({ name: settings.name, log, troubles, timers });
  return new PluginHost(settings, { timers, lookups, reports, environment, setupMs });
}
