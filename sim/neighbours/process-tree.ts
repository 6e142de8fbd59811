// The processes of a program as Linux shows them in /proc: their tree, and the CPU time, memory and disk writes they have used.

import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** proc(5): the unit of utime, stime, cutime and cstime on every Linux. */
const ticksPerSecond = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly isZombie: boolean;
  readonly ownTicks: number;
  readonly reapedTicks: number;
}

/** The process and all its living descendants, parents before their children. */
export function descendants(pid: number): number[] {
  return treeOf(pid).map((one) => one.pid);
}

/** The living processes of a process group. A zombie (ended, not yet waited for) is not one: it does nothing any more. */
export function livingInGroup(group: number): number[] {
  return allStats()
    .filter((one) => one.group === group && !one.isZombie)
    .map((one) => one.pid);
}

/** CPU milliseconds of the whole tree so far, also of children that have ended. */
export function cpuMs(pid: number): number {
  const ticks = treeOf(pid).reduce((sum, one) => sum + one.ownTicks + one.reapedTicks, 0);
  return (ticks * 1000) / ticksPerSecond;
}

/** Bytes of memory of the whole tree, shared pages counted once (PSS). */
export function memoryBytes(pid: number): number {
  return sum(pid, pssBytes);
}

/**
 * Bytes of memory of the whole tree that is no part of a file: heaps, buffers, stacks. What grows with sessions is here; its part of the pages of
 * programs grows and shrinks with every other process that runs the same program.
 */
export function anonymousBytes(pid: number): number {
  return sum(pid, (one) => rolledUp(one, 'Pss_Anon') + rolledUp(one, 'Pss_Shmem'));
}

/** Bytes of memory of one process, its part of shared pages (PSS). */
export function pssBytes(pid: number): number {
  return rolledUp(pid, 'Pss');
}

/** The title of a process, e.g. `sluice: manager`; empty when the process has ended. */
export function titleOf(pid: number): string {
  return read(pid, 'cmdline').replaceAll('\0', ' ').trim();
}

/** Bytes that the living processes of the tree have sent towards the disk. */
export function writtenBytes(pid: number): number {
  return sum(pid, (one) => Number(/^write_bytes: (\d+)/mu.exec(read(one, 'io'))?.[1] ?? 0));
}

/** A line of the sums over all mappings of a process, in bytes; 0 when it has ended. */
function rolledUp(pid: number, name: 'Pss' | 'Pss_Anon' | 'Pss_Shmem'): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'mu').exec(read(pid, 'smaps_rollup'))?.[1] ?? 0) * 1024;
}

function sum(pid: number, of: (pid: number) => number): number {
  return descendants(pid).reduce((total, one) => total + of(one), 0);
}

function treeOf(pid: number): Stat[] {
  const children = new Map<number, Stat[]>();
  let top: Stat | undefined;
  for (const stat of allStats()) {
    if (stat.pid === pid) top = stat;
    const siblings = children.get(stat.parent);
    if (siblings) siblings.push(stat);
    else children.set(stat.parent, [stat]);
  }
  const tree = top === undefined ? [] : [top];
  for (const one of tree) tree.push(...(children.get(one.pid) ?? []));
  return tree;
}

function allStats(): Stat[] {
  if (!existsSync('/proc/self/stat')) return []; // not Linux: nothing is known
  return readdirSync('/proc').flatMap((name) => {
    const stat = /^\d+$/u.test(name) ? statOf(Number(name)) : undefined;
    return stat === undefined ? [] : [stat];
  });
}

function statOf(pid: number): Stat | undefined {
  const text = read(pid, 'stat');
  if (text === '') return undefined;
  // The name in brackets may contain spaces and brackets: fields are counted from its end.
  const texts = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const fields = texts.map(Number);
  const [, parent = 0, group = 0] = fields;
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15);
  return {
    pid,
    parent,
    group,
    isZombie: texts[0] === 'Z' || texts[0] === 'X',
    ownTicks: utime + stime,
    reapedTicks: cutime + cstime,
  };
}

/** The text of a file in /proc/PID; empty when the process has ended. */
function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
