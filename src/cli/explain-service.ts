// How messages are sent to the hosts of an explanation, as people read it: a line for each host of which something is known.

import type { ServedHost } from '../control/operations/served-host.ts';
import { table } from './text-table.ts';

/** Hosts shown to people; --json has all of them. */
const shownHosts = 20;

const ways = {
  single: 'one command',
  group: 'commands together',
  chunk: 'whole messages (BDAT)',
} as const;

const without = {
  group: 'no PIPELINING',
  across: 'one message at a time',
  chunk: 'no CHUNKING',
} as const;

export function serviceLines(served: readonly ServedHost[]): string[] {
  if (served.length === 0) return [];
  const rows = served
    .slice(0, shownHosts)
    .map((host) => [host.endpoint, depthText(host), wayText(host), reasonText(host)]);
  const more = served.length - rows.length;
  return [
    table(['ENDPOINT', 'ON THE WAY', 'SENT AT ONCE', 'SERVED WITHOUT'], rows),
    ...(more > 0 ? [`${more} more: --json shows all`, ''] : []),
  ];
}

function depthText({ last }: ServedHost): string {
  if (last === undefined) return '-';
  return last.depth === 1 ? '1 message' : `${last.depth} messages`;
}

function wayText({ last }: ServedHost): string {
  return last === undefined ? '-' : ways[last.way];
}

function reasonText({ without: faults }: ServedHost): string {
  if (faults.length === 0) return '-';
  return faults
    .map(({ kind, text, untilMs }) => `${without[kind]} until ${new Date(untilMs).toISOString()}: ${text}`)
    .join('; ');
}
