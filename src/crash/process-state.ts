// What the system says of a process that does not answer: whether it computes, waits for the system, or was stopped (proc_pid_stat(5)).
// Off Linux nothing is known.

import { readFileSync } from 'node:fs';

/** Of proc_pid_stat(5): utime and stime are in these. */
const ticksPerSecond = 100;

export interface ProcessState {
  /** A sentence. */
  readonly words: string;
  /** It did not compute, so what it had in hand is hardly the reason. */
  readonly isFromOutside: boolean;
}

export interface CpuMark {
  readonly ticks: number;
  /** By `performance.now()`. */
  readonly atMs: number;
}

/** The CPU time that a process has used so far. */
export function cpuMark(pid: number, nowMs: number): CpuMark | undefined {
  const fields = statOf(pid);
  return fields === undefined ? undefined : { ticks: Number(fields[11]) + Number(fields[12]), atMs: nowMs };
}

/**
 * Why the process does not answer; undefined where nothing is known.
 * @param since - taken when it was first found silent
 */
export function processState(
  pid: number,
  since: CpuMark | undefined,
  nowMs: number,
): ProcessState | undefined {
  const fields = statOf(pid);
  const mark = cpuMark(pid, nowMs);
  if (fields === undefined || mark === undefined) return undefined;
  switch (fields[0]) {
    case 'T':
    case 't':
      return fromOutside('It was stopped by a signal (SIGSTOP), or by a debugger.');
    case 'D':
      return fromOutside(
        `It waited for the system without end (${waitsIn(pid) ?? 'uninterruptible'}): most often a disk or a network file system that does not answer.`,
      );
    case 'Z':
      return { words: 'It had ended, and the system was still writing its core.', isFromOutside: false };
    default:
  }
  const shareOf = since === undefined ? Number.NaN : shareBetween(since, mark);
  if (Number.isNaN(shareOf)) return undefined;
  const used = `Since it was silent it used ${Math.round(shareOf * 100)} % of a processor`;
  if (shareOf > 0.2) {
    const words = `${used}: it was computing without end, as far as others left it any.`;
    return { words, isFromOutside: false };
  }
  const where = waitsIn(pid);
  return fromOutside(
    `${used}: it was waiting${where === undefined ? '' : ` in ${where} of the kernel`}, or got nothing of the processor.`,
  );
}

function fromOutside(words: string): ProcessState {
  return { words, isFromOutside: true };
}

function shareBetween(since: CpuMark, now: CpuMark): number {
  const ms = now.atMs - since.atMs;
  return ms <= 0 ? Number.NaN : ((now.ticks - since.ticks) * 1000) / ticksPerSecond / ms;
}

/** The fields after the name, which may have spaces and parentheses; the first is the state. */
function statOf(pid: number): readonly string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** The function of the kernel in which it sleeps. */
function waitsIn(pid: number): string | undefined {
  const name = read(`/proc/${pid}/wchan`)?.trim();
  return name === undefined || name === '' || name === '0' ? undefined : name;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
