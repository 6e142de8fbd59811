// Memory: what the configuration may take, against what this host or its control group gives.

import { totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Config } from '../../config/config.ts';
import { bytes } from '../text-table.ts';
import type { Check, Patient } from './check.ts';
import { error, type Finding, note, warning } from './finding.ts';
import { systemNumber, systemText } from './system-text.ts';

export interface MemoryFacts {
  readonly demand: MemoryDemand;
  /** The least of the limits that hold: a control group's, or all that the host has. */
  readonly limit: { readonly bytes: number; readonly by: string };
  /** Processes of the control group that the kernel has killed for want of memory. */
  readonly kills: number;
  /** How much of the running processes is swapped out, and how much is in memory. */
  readonly swapped: { readonly bytes: number; readonly resident: number };
  /** A limit of the address space of a running process. */
  readonly addressSpace: number | undefined;
}

export interface MemoryDemand {
  /** Processes, each with its code and its heap. */
  readonly processes: number;
  /** receive.memory_limit of all receivers. */
  readonly content: number;
  readonly deliverConnections: number;
  readonly receiveConnections: number;
}

const mib = 1024 ** 2;
/** Of each process of Sluice when it has nothing to do: 62 to 78 MiB, measured as PSS. */
const perProcess = 75 * mib;
/** Of each outgoing connection, with the kernel's part: docs/scale.md. */
const perOutgoing = 13 * 1024;
/** Of each client under TLS, with the kernel's part: docs/performance.md. */
const perClient = 100 * 1024;

export const memory: Check = {
  kind: 'memory',
  subject: 'memory',
  look: async (patient) => memoryFindings(await memoryFacts(patient)),
};

export function memoryFindings({
  demand,
  limit,
  kills,
  swapped,
  addressSpace,
}: MemoryFacts): readonly Finding[] {
  const found: Finding[] = [];
  const { processes, content, deliverConnections, receiveConnections } = demand;
  const fixed = processes * perProcess;
  const sure = fixed + content;
  const most = sure + deliverConnections * perOutgoing + receiveConnections * perClient;
  const what = `${processes} processes (${bytes(fixed)}), mail that arrives (${bytes(content)}, memory_limit of each receiver)`;
  if (sure > limit.bytes)
    found.push(
      warning(
        'memory-few',
        `${capital(limit.by)} has ${bytes(limit.bytes)}, and Sluice may need ${bytes(sure)} without any connection: ${what}.`,
        'Set a smaller memory_limit in [receive], fewer processes in [processes], or give more memory (systemd: MemoryMax=; docker run --memory)',
      ),
    );
  else if (most > limit.bytes)
    found.push(
      note(
        'memory-tight',
        `${capital(limit.by)} has ${bytes(limit.bytes)}, and Sluice may need ${bytes(most)} when all is used at once: ${what}, ${deliverConnections} connections out, ${receiveConnections} clients.`,
        'Set a smaller max_connections in [receive] or [deliver], or a smaller memory_limit',
      ),
    );
  if (kills > 0)
    found.push(
      error(
        'memory-killed',
        `The kernel has killed ${kills} process${kills === 1 ? '' : 'es'} of the control group of Sluice for want of memory.`,
        `journalctl -k | grep -i oom shows which; ${limit.by === 'this host' ? 'give it more memory' : 'raise the limit (systemd: MemoryMax=; docker run --memory)'}`,
      ),
    );
  if (swapped.bytes > 64 * mib && swapped.bytes > swapped.resident / 4)
    found.push(
      warning(
        'memory-swapped',
        `${bytes(swapped.bytes)} of the running Sluice are swapped out: it waits for the disk to go on.`,
        'systemctl set-property sluice MemorySwapMax=0, or sysctl -w vm.swappiness=10; "free -m" shows what takes the memory',
      ),
    );
  if (addressSpace !== undefined)
    found.push(
      warning(
        'memory-address-space',
        `The address space of the running processes is limited to ${bytes(addressSpace)} (ulimit -v). Node reserves much more than it uses, and ends when it may not.`,
        'Take the limit away: LimitAS=infinity in the unit, ulimit -v unlimited in a script',
      ),
    );
  return found;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function memoryDemand({ processes, receive, deliver, directory, signingKey }: Config): MemoryDemand {
  const { singleProcess, receivers, senders } = processes;
  const hasKeys = directory.length > 0 || signingKey.length > 0;
  return {
    // The supervisor, the manager and the control process.
    processes: singleProcess ? 1 : receivers + senders + 3 + (hasKeys ? 1 : 0),
    content: receive.memoryLimit * (singleProcess ? 1 : receivers),
    deliverConnections: deliver.maxConnections,
    receiveConnections: receive.maxConnections,
  };
}

async function memoryFacts({ config, processes }: Patient): Promise<MemoryFacts> {
  const pids = processes.kind === 'running' ? processes.roles.map(({ pid }) => pid) : [];
  const group = await controlGroup(pids[0] === undefined ? 'self' : String(pids[0]));
  const host = { bytes: totalmem(), by: 'this host' };
  return {
    demand: memoryDemand(config),
    limit:
      group.limit !== undefined && group.limit < host.bytes
        ? { bytes: group.limit, by: 'the control group' }
        : host,
    kills: pids.length === 0 ? 0 : group.kills,
    swapped: await swappedOf(pids),
    addressSpace: await addressSpaceOf(pids[0]),
  };
}

async function swappedOf(pids: readonly number[]): Promise<MemoryFacts['swapped']> {
  const texts = await Promise.all(pids.map((pid) => systemText(`/proc/${pid}/status`)));
  const sum = (name: string): number =>
    texts.reduce(
      (total, text) => total + Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'mu').exec(text ?? '')?.[1] ?? 0),
      0,
    );
  return { bytes: sum('VmSwap') * 1024, resident: sum('VmRSS') * 1024 };
}

async function addressSpaceOf(pid: number | undefined): Promise<number | undefined> {
  const limits = pid === undefined ? undefined : await systemText(`/proc/${pid}/limits`);
  const found = /^Max address space\s+(?<soft>\d+)/mu.exec(limits ?? '')?.groups?.['soft'];
  return found === undefined ? undefined : Number(found);
}

/** The least limit of a process's control group and of those above it, and how often the kernel has killed in it. */
async function controlGroup(
  pid: string,
): Promise<{ readonly limit: number | undefined; readonly kills: number }> {
  const lines = ((await systemText(`/proc/${pid}/cgroup`)) ?? '').split('\n');
  const own = lines.find((line) => line.startsWith('0::'))?.slice(3);
  const older = lines.find((line) => line.split(':')[1]?.split(',').includes('memory') === true);
  const limits: number[] = [];
  let kills = 0;
  if (own !== undefined)
    for (const folder of upwards(own)) {
      limits.push((await systemNumber(`/sys/fs/cgroup${folder}/memory.max`)) ?? Infinity);
      if (folder !== own) continue;
      const events = await systemText(`/sys/fs/cgroup${folder}/memory.events`);
      kills = Number(/^oom_kill (?<count>\d+)/mu.exec(events ?? '')?.groups?.['count'] ?? 0);
    }
  if (older !== undefined)
    for (const folder of upwards(older.split(':').slice(2).join(':')))
      limits.push((await systemNumber(`/sys/fs/cgroup/memory${folder}/memory.limit_in_bytes`)) ?? Infinity);
  const least = Math.min(...limits);
  return { limit: Number.isFinite(least) ? least : undefined, kills };
}

function upwards(folder: string): string[] {
  const found = [folder];
  for (let at = folder; dirname(at) !== at; at = dirname(at)) found.push(dirname(at));
  return found.map((each) => (each === '/' ? '' : each));
}
