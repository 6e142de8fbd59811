// Reads how many open files and ports the system allows this process and its children: from /proc, or from the report of
// Node where there is no /proc.

import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import {
  capacityOf,
  demandOf,
  questionsOf,
  type Capacity,
  type PortRange,
  type Questions,
  type SystemFacts,
} from './capacity.ts';

/** The connections of a configuration that this system can carry. */
export function capacityHere(config: Config): Capacity {
  return capacityOf(demandOf(config), systemFacts());
}

/** The limits for questions to name servers on this system. */
export function questionsHere(config: Config): Questions {
  return questionsOf(demandOf(config), systemFacts());
}

export function systemFacts(): SystemFacts {
  const limits = read('/proc/self/limits');
  return {
    openFiles: limits === undefined ? reportedOpenFiles() : openFilesIn(limits),
    ports: portsIn(
      read('/proc/sys/net/ipv4/ip_local_port_range') ?? '',
      read('/proc/sys/net/ipv4/ip_local_reserved_ports') ?? '',
    ),
  };
}

/** @param text - /proc/PID/limits (proc_pid_limits(5)); Infinity when it names no limit */
export function openFilesIn(text: string): number {
  const hard = /^Max open files\s+\S+\s+(\d+|unlimited)/mu.exec(text)?.[1];
  return hard === undefined || hard === 'unlimited' ? Infinity : Number(hard);
}

/**
 * @param range - ip_local_port_range: two numbers
 * @param reserved - ip_local_reserved_ports: numbers and ranges such as `8080,9000-9010`
 */
export function portsIn(range: string, reserved: string): PortRange | undefined {
  const [first, last] = range.trim().split(/\s+/u).map(Number);
  if (first === undefined || last === undefined || !(first <= last)) return undefined;
  let count = 0;
  for (const part of reserved.trim().split(',')) {
    const [from = Number.NaN, to = from] = part === '' ? [] : part.split('-').map(Number);
    count += Math.max(0, Math.min(to, last) - Math.max(from, first) + 1) || 0;
  }
  return { first, last, reserved: count };
}

function reportedOpenFiles(): number {
  const { userLimits } = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly hard?: number | 'unlimited' } };
  };
  const hard = userLimits?.open_files?.hard;
  return typeof hard === 'number' ? hard : Infinity;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
