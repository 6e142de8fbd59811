// Runs a program of the administrator for what it prints. Promises: it takes a bounded time and a bounded output; when it has ended, or has been
// too slow, whatever it has started and left in its process group ends with it, unless it may leave others.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

export interface ProgramLimits {
  readonly timeMs: number;
  readonly mostBytes: number;
  /** Ends the program before its time. */
  readonly signal: AbortSignal;
}

export interface ProgramSurroundings {
  /** All of its environment; undefined: that of this process. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly folder?: string | undefined;
  /** Gets what it writes to its standard error, in any pieces. Undefined: that goes nowhere. */
  readonly onComplaint?: ((piece: Buffer) => void) | undefined;
  /** What it can read on descriptor 3. Undefined: it has no such descriptor. */
  readonly input3?: Uint8Array | undefined;
  /** What it leaves running goes on when it has ended in time, and has closed its output. */
  readonly mayLeaveOthers?: boolean | undefined;
}

export type ProgramRun =
  | { readonly kind: 'ended'; readonly code: number | null; readonly printed: Buffer }
  | { readonly kind: 'late' }
  | { readonly kind: 'talkative' }
  /** @param code - of the system's error, such as ENOENT */
  | { readonly kind: 'not-started'; readonly code: string };

/** Without a shell; on its standard input there is nothing. Never rejects. */
export function runProgram(
  [program = '', ...args]: readonly string[],
  limits: ProgramLimits,
  surroundings: ProgramSurroundings = {},
): Promise<ProgramRun> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let size = 0;
    let exit: { readonly code: number | null } | undefined;
    const child = start(program, args, surroundings, (code) => ended({ kind: 'not-started', code }));
    const over = (): void =>
      ended(exit === undefined ? { kind: 'late' } : { kind: 'ended', ...exit, printed: printed() });
    const timer = setTimeout(over, limits.timeMs);
    limits.signal.addEventListener('abort', over);
    const printed = (): Buffer => Buffer.concat(pieces);
    const ended = (run: ProgramRun): void => {
      clearTimeout(timer);
      limits.signal.removeEventListener('abort', over);
      const mayStay = surroundings.mayLeaveOthers === true && run.kind === 'ended';
      if (child !== undefined && !mayStay) endGroup(child);
      child?.stdout?.destroy();
      child?.stderr?.destroy();
      resolve(run);
    };
    child?.stdout?.on('data', (piece: Buffer) => {
      size += piece.length;
      pieces.push(piece);
      if (size > limits.mostBytes) ended({ kind: 'talkative' });
    });
    // What it left running may hold its output open, which would look as if it went on.
    child?.on('exit', (code) => {
      exit = { code };
      if (surroundings.mayLeaveOthers !== true) endGroup(child);
    });
    if (surroundings.onComplaint !== undefined) child?.stderr?.on('data', surroundings.onComplaint);
    child?.on('close', over);
  });
}

function start(
  program: string,
  args: readonly string[],
  { environment, folder, input3, onComplaint }: ProgramSurroundings,
  failed: (code: string) => void,
): ChildProcess | undefined {
  try {
    const child = spawn(program, args, {
      stdio: [
        'ignore',
        'pipe',
        onComplaint === undefined ? 'ignore' : 'pipe',
        ...(input3 === undefined ? [] : ['pipe' as const]),
      ],
      detached: true,
      ...(environment !== undefined && { env: environment }),
      ...(folder !== undefined && { cwd: folder }),
    });
    child.on('error', ({ code = '' }: NodeJS.ErrnoException) => failed(code));
    const pipe = child.stdio[3] as Writable | null | undefined;
    // A program may end before it has read everything.
    pipe?.on('error', () => undefined);
    pipe?.end(input3);
    return child;
  } catch (error) {
    // No process or open file is left.
    queueMicrotask(() => failed(String((error as NodeJS.ErrnoException).code)));
    return undefined;
  }
}

/** Ends all processes of the group of a program that was started with `detached`. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // None is left.
  }
}
