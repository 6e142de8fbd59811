// `sluice status --check`: one line and an exit code, as monitoring programs want them of their plugins
// (Nagios, Icinga, Naemon, Zabbix and others: monitoring-plugins.org/doc/guidelines.html).

import { ControlError } from '../control/control-error.ts';
import type { StatusAnswer } from '../control/operations/status.ts';
import { askStatus } from '../control/status-client.ts';
import { firstMistake, type FoundPlaces } from './config-file.ts';
import { untilReachable } from './until-reachable.ts';

const states = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;
type State = (typeof states)[number];

export interface Health {
  readonly line: string;
  /** Exit code, 0 to 3. */
  readonly code: number;
}

/** Codes of errors that mean that Sluice should run and does not answer. */
const meansDown: ReadonlySet<string> = new Set([
  'NOT_RUNNING',
  'CONTROL_STARTING',
  'CONTROL_LOST',
  'CONTROL_SILENT',
  'MANAGER_LOST',
]);

/** @param findPlaces - finds where to ask; what it throws makes the state unknown */
export async function healthCheck(findPlaces: () => FoundPlaces): Promise<Health> {
  try {
    const found = findPlaces();
    const { places } = found;
    const status = await untilReachable(places, () => askStatus(places, { sites: 0 }));
    return healthOf(status, found.kind === 'mistaken' ? firstMistake(found.mistake) : undefined);
  } catch (error) {
    const isDown = error instanceof ControlError && meansDown.has(error.code);
    return health(isDown ? 'CRITICAL' : 'UNKNOWN', error instanceof Error ? error.message : String(error));
  }
}

/**
 * Turns a status into a state: the level of the worst trouble.
 * @param mistake - in the configuration file: harmless now, but the next start would fail
 */
export function healthOf(status: StatusAnswer, mistake?: string): Health {
  const { troubles } = status;
  const warnings = troubles.map(({ key, text }) => `${key}: ${text}`);
  if (mistake !== undefined && !troubles.some(({ key }) => key === 'config')) {
    warnings.push(
      `config: The configuration file has a mistake, and Sluice would not start with it: ${mistake}`,
    );
  }
  const state = troubles.some(({ level }) => level === 'critical')
    ? 'CRITICAL'
    : warnings.length > 0
      ? 'WARNING'
      : 'OK';
  const said = warnings.join(' ');
  if (status.kind !== 'complete') return health(state, said === '' ? 'its queue has no trouble' : said);
  const { messages, recipients, connections, counters, spool } = status;
  const summary = `${messages} messages wait, ${connections} connections are open`;
  const counted = ['received', 'delivered', 'deferred', 'bounced'].map(
    (name) => `${name}=${counters[name] ?? 0}c`,
  );
  const numbers = [
    `messages=${messages}`,
    `recipients=${recipients}`,
    `connections=${connections}`,
    `spool=${spool.bytes}B`,
    ...counted,
  ];
  return health(state, said === '' ? summary : said, numbers.join(' '));
}

function health(state: State, text: string, numbers = ''): Health {
  // In the output of a plugin, a bar begins the numbers, and a line end begins the long output.
  const line = `SLUICE ${state} - ${text}`.replaceAll('|', '/').replaceAll(/\s+/g, ' ');
  return { line: numbers === '' ? line : `${line} | ${numbers}`, code: states.indexOf(state) };
}
