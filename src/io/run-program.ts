// Runs a program of the administrator for what it prints. Promises: it takes a bounded time and a bounded output; when it has ended, or has been
// too slow, whatever it has started and left in its process group ends with it, unless it may leave others: then nobody waits for those.

import type { ExitCode } from './posix-spawn.ts';
import { startProgram } from './start-program.ts';

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
  /** What it leaves running goes on when it has ended in time. What that prints later counts for nothing, though it has the same output. */
  readonly mayLeaveOthers?: boolean | undefined;
}

export type ProgramRun =
  | { readonly kind: 'ended'; readonly code: ExitCode; readonly printed: Buffer }
  | { readonly kind: 'late' }
  | { readonly kind: 'talkative' }
  /** @param code - of the system's error, such as ENOENT */
  | { readonly kind: 'not-started'; readonly code: string };

/** Without a shell; on its standard input there is nothing. Never rejects. */
export async function runProgram(
  [program = '', ...args]: readonly string[],
  limits: ProgramLimits,
  { environment, folder, input3, onComplaint, mayLeaveOthers = false }: ProgramSurroundings = {},
): Promise<ProgramRun> {
  const pieces: Buffer[] = [];
  let size = 0;
  let code: ExitCode | undefined;
  const ended = Promise.withResolvers<ProgramRun>();
  const over = (): void =>
    ended.resolve(
      code === undefined ? { kind: 'late' } : { kind: 'ended', code, printed: Buffer.concat(pieces) },
    );
  const request = {
    program,
    args,
    environment: environment ?? process.env,
    folder,
    input3,
    wantsComplaints: onComplaint !== undefined,
  };
  const started = await startProgram(request, {
    output: (piece) => {
      size += piece.length;
      if (size > limits.mostBytes) ended.resolve({ kind: 'talkative' });
      else pieces.push(piece);
    },
    complaint: (piece) => onComplaint?.(piece),
    exited: (status) => {
      code = status;
      // What it left running may hold its output open, which would look as if it went on.
      if (mayLeaveOthers) whenPipesAreRead(over);
      else endGroup(pid);
    },
    closed: over,
  });
  if (typeof started === 'string') return { kind: 'not-started', code: started };
  const { pid } = started;
  const timer = setTimeout(over, limits.timeMs);
  limits.signal.addEventListener('abort', over);
  const run = await ended.promise;
  clearTimeout(timer);
  limits.signal.removeEventListener('abort', over);
  started.forget();
  if (!mayLeaveOthers || run.kind !== 'ended') endGroup(pid);
  return run;
}

/** Calls back when all that is in pipes by now was read: between two turns, Node reads what there is. */
function whenPipesAreRead(callBack: () => void): void {
  setImmediate(() => setImmediate(callBack));
}

/** Ends all processes of a group. */
function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // None is left.
  }
}
