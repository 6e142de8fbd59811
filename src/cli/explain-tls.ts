// TLS in an explanation as people read it: a line for each host, and what the domain publishes.

import type { ExplainedTls, HostTls } from '../control/operations/explained-tls.ts';
import { age, table } from './text-table.ts';

/** Hosts shown to people; --json has all of them. */
const shownHosts = 20;

const sources: Readonly<Record<string, string>> = {
  default: 'the default',
  configuration: 'the configuration',
  'mta-sts': 'MTA-STS',
  dane: 'DANE',
  requiretls: 'REQUIRETLS',
  'tls-required-no': 'TLS-Required: No',
};

export function tlsLines(tls: ExplainedTls | undefined, nowMs: number): string[] {
  if (tls === undefined || tls.hosts.length + tls.leftOut.length === 0) return [];
  const rows = tls.hosts
    .slice(0, shownHosts)
    .map((each) => [each.endpoint, each.level, sourceText(each), lastText(each, nowMs)]);
  const more = tls.hosts.length - rows.length;
  return [
    ...(rows.length === 0 ? [] : [table(['ENDPOINT', 'TLS', 'BY', 'LAST HANDSHAKE'], rows)]),
    ...(more > 0 ? [`${more} more: --json shows all`, ''] : []),
    ...publishedLines(tls, nowMs),
    ...nextLines(tls, nowMs),
    ...tls.leftOut.map((reason) => `Left out      ${reason}`),
  ];
}

function sourceText({ from, policyDomain }: HostTls): string {
  const text = sources[from] ?? from;
  return (from === 'mta-sts' || from === 'dane') && policyDomain !== '' ? `${text} of ${policyDomain}` : text;
}

function lastText({ last }: HostTls, nowMs: number): string {
  return last === undefined ? '-' : `${last.result}, ${age(nowMs - last.atMs)} ago`;
}

function publishedLines({ published }: ExplainedTls, nowMs: number): string[] {
  if (published === undefined) return [];
  const { expiresAtMs, fetchedAtMs, id, mode, mx } = published;
  return [
    `MTA-STS       ${mode}, id ${id}, fetched ${age(nowMs - fetchedAtMs)} ago, holds until ${new Date(expiresAtMs).toISOString()}`,
    `              its hosts: ${mx.join(', ')}`,
  ];
}

function nextLines({ next, published }: ExplainedTls, nowMs: number): string[] {
  if (next === undefined) return [];
  const title = published === undefined ? 'MTA-STS       ' : '              ';
  const from =
    next.fromMs <= nowMs ? 'from the next attempt on' : `from ${new Date(next.fromMs).toISOString()} on`;
  if (next.kind === 'none') return [`${title}${from}: no policy, because none is known any more`];
  const { fetchedAtMs, id, mode, mx } = next;
  return [
    `${title}${from}: ${mode}, id ${id}, fetched ${age(nowMs - fetchedAtMs)} ago`,
    `              its hosts: ${mx.join(', ')}`,
  ];
}
