// Runs a program of the administrator for what it prints. Promises: it takes a bounded time and a bounded output; when it has ended, or has been
// too slow, whatever it has started and left in its process group ends with it.

import { type ChildProcess, spawn } from 'node:child_process';

export interface ProgramLimits {
  readonly timeMs: number;
  readonly mostBytes: number;
  /** Ends the program before its time. */
  readonly signal: AbortSignal;
}

export type ProgramRun =
  | { readonly kind: 'ended'; readonly code: number | null; readonly printed: Buffer }
  | { readonly kind: 'late' }
  | { readonly kind: 'talkative' }
  /** @param code - of the system's error, such as ENOENT */
  | { readonly kind: 'not-started'; readonly code: string };

/** Without a shell; it reads nothing, and its standard error goes nowhere. Never rejects. */
export function runProgram(
  [program = '', ...args]: readonly string[],
  limits: ProgramLimits,
): Promise<ProgramRun> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let size = 0;
    let exit: { readonly code: number | null } | undefined;
    const child = start(program, args, (code) => ended({ kind: 'not-started', code }));
    const over = (): void =>
      ended(exit === undefined ? { kind: 'late' } : { kind: 'ended', ...exit, printed: printed() });
    const timer = setTimeout(over, limits.timeMs);
    limits.signal.addEventListener('abort', over);
    const printed = (): Buffer => Buffer.concat(pieces);
    const ended = (run: ProgramRun): void => {
      clearTimeout(timer);
      limits.signal.removeEventListener('abort', over);
      if (child !== undefined) endGroup(child);
      child?.stdout?.destroy();
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
      endGroup(child);
    });
    child?.on('close', over);
  });
}

function start(
  program: string,
  args: readonly string[],
  failed: (code: string) => void,
): ChildProcess | undefined {
  try {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    child.on('error', ({ code = '' }: NodeJS.ErrnoException) => failed(code));
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
