// Tries the addresses of listeners, and reads what the kernel says of ports and connections.

import { readdir, readlink } from 'node:fs/promises';
import { bindProblem } from '../../io/bind-problem.ts';
import { missingSources } from '../../manager/source-watch.ts';
import { backlog } from '../../receive/bind.ts';
import { capacityOf, demandOf } from '../../settings/capacity.ts';
import { systemFacts } from '../../settings/system-facts.ts';
import { type Endpoint, formatEndpoint } from '../../values/endpoint.ts';
import { heldListeners, isHeld } from '../surroundings.ts';
import type { Check, Patient } from './check.ts';
import { type ListenerProblem, type PortFacts, portFindings } from './ports.ts';
import { closingIn, listenedPorts } from './socket-table.ts';
import { systemNumber, systemText } from './system-text.ts';

export const ports: Check = {
  kind: 'ports',
  subject: 'ports',
  look: async (patient) => portFindings(await portFacts(patient)),
};

/** Fewer closing connections than this are not looked at one by one: reading the table costs time. */
const fewClosing = 1_000;

async function portFacts({ config, processes }: Patient): Promise<PortFacts> {
  const { ports: found } = systemFacts();
  const { deliver, receive } = config;
  const isRunning = processes.kind === 'running';
  const tcp = config.listen.flatMap(({ address }) => (address.kind === 'tcp' ? [address] : []));
  const held = processes.kind === 'stopped' ? [] : await heldListeners(config);
  const somaxconn = await systemNumber('/proc/sys/net/core/somaxconn');
  const room = found === undefined ? 0 : Math.max(1, found.last - found.first + 1 - found.reserved);
  return {
    listeners: await listenerProblems(tcp.filter((address) => !isHeld(address, held))),
    unseen: processes.kind === 'hidden' ? (await listenerProblems(tcp)).map(({ address }) => address) : [],
    missingSources: (await missingSources(config)).map(({ address }) => address),
    range: found,
    unreserved: found === undefined ? [] : unreservedOf(tcp, found, (await systemText(reservedPlace)) ?? ''),
    shortages: capacityOf(demandOf(config), { openFiles: Infinity, ports: found }).shortages,
    closing:
      found === undefined
        ? undefined
        : { count: await closing(found), room: room * Math.max(1, config.source.length) },
    tracked: await tracked(),
    connections: deliver.maxConnections + receive.maxConnections,
    backlog:
      somaxconn === undefined
        ? undefined
        : { kernel: somaxconn, own: Math.min(backlog, receive.maxConnections) },
    isRunning,
  };
}

const reservedPlace = '/proc/sys/net/ipv4/ip_local_reserved_ports';

/** @param reserved - numbers and ranges such as `8080,9000-9010` */
export function unreservedOf(
  listened: readonly Endpoint[],
  { first, last }: { readonly first: number; readonly last: number },
  reserved: string,
): readonly number[] {
  const kept = reserved
    .trim()
    .split(',')
    .map((part) => part.split('-').map(Number))
    .map(([from = Number.NaN, to = from]) => ({ from, to }));
  const isKept = (port: number): boolean => kept.some(({ from, to }) => port >= from && port <= to);
  const inRange = listened
    .map(({ port }) => port)
    .filter((port) => port >= first && port <= last && !isKept(port));
  return [...new Set(inRange)];
}

async function listenerProblems(listened: readonly Endpoint[]): Promise<readonly ListenerProblem[]> {
  const problems: ListenerProblem[] = [];
  for (const address of listened) {
    const code = await bindProblem(address.host, address.port);
    if (code === undefined) continue;
    const holder = code === 'EADDRINUSE' ? await holderOf(address.port) : undefined;
    problems.push({ address: formatEndpoint(address), port: address.port, code, holder });
  }
  return problems;
}

/** The program that listens on a port, such as `master (process 812)`; undefined: it is of another user. */
async function holderOf(port: number): Promise<string | undefined> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(systemText));
  const inodes = new Set(
    tables
      .flatMap((table) => listenedPorts(table ?? ''))
      .flatMap((each) => (each.port === port ? [each.inode] : [])),
  );
  if (inodes.size === 0) return undefined;
  for (const pid of await namesIn('/proc')) {
    if (!/^\d+$/u.test(pid)) continue;
    for (const file of await namesIn(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(?<inode>\d+)\]$/u.exec(await linkOf(`/proc/${pid}/fd/${file}`))?.groups?.[
        'inode'
      ];
      if (inode === undefined || !inodes.has(inode)) continue;
      return `${(await systemText(`/proc/${pid}/comm`))?.trim() ?? 'A program'} (process ${pid})`;
    }
  }
  return undefined;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return []; // of another user, or gone
  }
}

async function linkOf(path: string): Promise<string> {
  try {
    return await readlink(path);
  } catch {
    return '';
  }
}

async function closing(range: { readonly first: number; readonly last: number }): Promise<number> {
  const all = Number(
    /^TCP:.* tw (?<count>\d+)/mu.exec((await systemText('/proc/net/sockstat')) ?? '')?.groups?.['count'] ?? 0,
  );
  if (all < fewClosing) return all;
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(systemText));
  return tables.reduce((sum, table) => sum + closingIn(table ?? '', range), 0);
}

/** Without an entry, no rule asks for tracking. */
async function tracked(): Promise<PortFacts['tracked']> {
  const [count, most] = await Promise.all(
    ['count', 'max'].map((name) => systemNumber(`/proc/sys/net/netfilter/nf_conntrack_${name}`)),
  );
  return count === undefined || most === undefined || count === 0 ? undefined : { count, most };
}
