// Log-ins in an explanation as people read it: a line for each host.

import type { ShownLogin } from '../control/operations/shown-login.ts';
import { age, table } from './text-table.ts';

/** Hosts shown to people; --json has all of them. */
const shownHosts = 20;

export function loginLines(logins: readonly ShownLogin[], nowMs: number): string[] {
  if (logins.length === 0) return [];
  const rows = logins
    .slice(0, shownHosts)
    .map(({ credential, endpoint, last }) => [
      endpoint,
      credential === '' ? 'none' : credential,
      lastText(last, nowMs),
    ]);
  const more = logins.length - rows.length;
  return [
    table(['ENDPOINT', 'LOGS IN BY', 'LAST LOG-IN'], rows),
    ...(more > 0 ? [`${more} more: --json shows all`, ''] : []),
  ];
}

function lastText(last: ShownLogin['last'], nowMs: number): string {
  if (last === undefined) return '-';
  return `${last.isFailure ? 'failed: ' : ''}${last.result}, ${age(nowMs - last.atMs)} ago`;
}
