// The lines that a filter of OpenSMTPD is told, without their line ends. Promises: no value ends its line, and only the last one of a line has a `|`.

import type { FilterVersion } from '../../values/filter-versions.ts';
import { replaceUnprintable } from '../../values/unprintable.ts';
import type { FilterEvent, FilterPhase } from './names.ts';

export interface FilterSurroundings {
  readonly version: FilterVersion;
  /** The name of this host. */
  readonly hostname: string;
  /** The version of this program. */
  readonly program: string;
  readonly sessionTimeoutMs: number;
}

/** What a filter is told first. */
export function configLines(surroundings: FilterSurroundings): readonly string[] {
  const { version, hostname, program, sessionTimeoutMs } = surroundings;
  return [
    `config|smtpd-version|${program}`,
    `config|protocol|${version}`,
    `config|smtp-session-timeout|${Math.round(sessionTimeoutMs / 1000)}`,
    'config|subsystem|smtp-in',
    `config|admd|${hostname}`,
    'config|ready',
  ];
}

/** @param nowMs - since 1970. @param session - 16 hexadecimal digits */
export function reportLine(
  version: FilterVersion,
  nowMs: number,
  event: FilterEvent,
  session: string,
  values: readonly string[],
): string {
  return `report|${version}|${timestamp(nowMs)}|smtp-in|${event}|${session}${valuesText(values)}`;
}

/**
 * A question.
 * @param token - 16 hexadecimal digits, by which the answer is told apart
 * @param values - of the phase; none is one that is empty
 */
export function questionLine(
  version: FilterVersion,
  nowMs: number,
  phase: Exclude<FilterPhase, 'data-line'>,
  { session, token }: { readonly session: string; readonly token: string },
  values: readonly string[],
): string {
  const all = values.length === 0 ? [''] : values;
  return `filter|${version}|${timestamp(nowMs)}|smtp-in|${phase}|${session}|${token}${valuesText(all)}`;
}

/** What stands before each line of a message. */
export function dataLinePrefix(
  version: FilterVersion,
  nowMs: number,
  { session, token }: { readonly session: string; readonly token: string },
): string {
  return `filter|${version}|${timestamp(nowMs)}|smtp-in|data-line|${session}|${token}|`;
}

/** Seconds with six digits behind the point. */
function timestamp(nowMs: number): string {
  const [seconds = '0', rest = ''] = (nowMs / 1000).toFixed(6).split('.');
  return `${seconds}.${rest}`;
}

function valuesText(values: readonly string[]): string {
  let text = '';
  for (const [at, value] of values.entries()) {
    const plain = replaceUnprintable(value, '?');
    text += `|${at < values.length - 1 ? plain.replaceAll('|', '?') : plain}`;
  }
  return text;
}
