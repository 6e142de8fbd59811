// Runs a program that reads a file. Promises: it takes a bounded time and a bounded output; when it has ended, or is ended, whatever it has
// started and left in its process group ends with it, and what has left the group, too, if it was ended; no shell reads its arguments, and it gets no descriptor of this process.

import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { killMarked, markedBy } from './marked-processes.ts';

export interface FedProgram {
  /** The path of the program, and its arguments. */
  readonly command: readonly string[];
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Descriptor of the file that it reads on its standard input; the caller closes it. */
  readonly input: number;
  /** Whom it runs as: user and group, and no other groups. Undefined: as this process. */
  readonly as?: { readonly uid: number; readonly gid: number } | undefined;
  readonly timeMs: number;
  /** Of its standard output and standard error together. */
  readonly outputBytes: number;
  /** Of the address space of each of its processes; undefined: no limit. */
  readonly memoryBytes?: number | undefined;
  /** That its user may have when one is started; without prlimit, there is no such limit. */
  readonly processes?: number | undefined;
  /** By which it is found, with all that it has started; undefined: one of its own. */
  readonly mark?: string | undefined;
  /** Called once, when it prints something. */
  readonly begun?: (() => void) | undefined;
  /** Ends it before its time. */
  readonly signal: AbortSignal;
}

/** How it has ended, with the beginning of what it has printed. */
export type FedEnd = { readonly printed: string } & (
  | { readonly kind: 'ended'; readonly code: number }
  /** @param name - of the signal */
  | { readonly kind: 'killed'; readonly name: string }
  | { readonly kind: 'late' | 'talkative' | 'broken-off' }
  /** @param code - of the system's error, such as ENOENT */
  | { readonly kind: 'not-started'; readonly code: string }
);

/** A program that is told to end may clear up first, such as remove a lock. */
const graceMs = 5_000;
/** Of util-linux. */
const limiters = ['/usr/bin/prlimit', '/bin/prlimit'] as const;

/** Never rejects. */
export function feedProgram(request: FedProgram): Promise<FedEnd> {
  const mark = request.mark ?? randomBytes(12).toString('base64url');
  const started = start(request, mark);
  if (typeof started === 'string')
    return Promise.resolve({ kind: 'not-started', code: started, printed: '' });
  return new FedRun(request, started, mark).ended;
}

function start(
  { command, environment, folder, input, as, memoryBytes, processes }: FedProgram,
  mark: string,
): ChildProcess | string {
  const limiter = limiters.find((path) => existsSync(path));
  if (memoryBytes !== undefined && limiter === undefined) return 'no prlimit';
  const limits = [
    ...(memoryBytes === undefined ? [] : [`--as=${memoryBytes}`]),
    ...(processes === undefined ? [] : [`--nproc=${processes}`, '--core=0']),
  ];
  const limited =
    limits.length === 0 || limiter === undefined ? command : [limiter, ...limits, '--', ...command];
  const [program = '', ...args] = limited;
  try {
    return spawn(program, args, {
      stdio: [input, 'pipe', 'pipe'],
      detached: true,
      env: { ...environment, ...markedBy(mark) },
      cwd: folder,
      ...as,
    });
  } catch (error) {
    // No process or open file is left; or an argument cannot be one.
    return String((error as NodeJS.ErrnoException).code);
  }
}

class FedRun {
  readonly ended: Promise<FedEnd>;
  readonly #child: ChildProcess;
  readonly #mark: string;
  readonly #resolve: (end: FedEnd) => void;
  readonly #pieces: Buffer[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal;
  #killTimer: NodeJS.Timeout | undefined;
  #size = 0;
  #begun: (() => void) | undefined;
  /** Why it is being ended. */
  #why: 'late' | 'talkative' | 'broken-off' | undefined;

  constructor({ timeMs, outputBytes, begun, signal }: FedProgram, child: ChildProcess, mark: string) {
    this.#mark = mark;
    this.#begun = begun;
    const { promise, resolve } = Promise.withResolvers<FedEnd>();
    this.ended = promise;
    this.#resolve = resolve;
    this.#child = child;
    this.#signal = signal;
    this.#timer = setTimeout(() => this.#endIt('late'), timeMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (piece: Buffer) => this.#printed(piece, outputBytes));
      stream?.on('error', () => undefined);
    }
    child.on('error', (error: NodeJS.ErrnoException) => this.#notStarted(error.code ?? 'UNKNOWN'));
    child.on('exit', (code, name) => this.#exited(code, name));
    signal.addEventListener('abort', this.#abort);
    if (signal.aborted) this.#abort();
  }

  readonly #abort = (): void => this.#endIt('broken-off');

  #printed(piece: Buffer, most: number): void {
    this.#begun?.();
    this.#begun = undefined;
    const room = most - this.#size;
    this.#size += piece.length;
    if (room > 0) this.#pieces.push(piece.subarray(0, room));
    if (this.#size > most) this.#endIt('talkative');
  }

  #notStarted(code: string): void {
    if (this.#child.pid === undefined) this.#settle({ kind: 'not-started', code, printed: '' });
  }

  #exited(code: number | null, name: NodeJS.Signals | null): void {
    // What it left running may hold its output open, which would look as if it went on.
    this.#signalGroup('SIGKILL');
    // Between two turns, Node reads what there is in the pipes.
    setImmediate(() => setImmediate(() => this.#settle(this.#endOf(code, name))));
  }

  #endOf(code: number | null, name: NodeJS.Signals | null): FedEnd {
    const printed = Buffer.concat(this.#pieces).toString('utf8');
    if (this.#why !== undefined) return { kind: this.#why, printed };
    return code === null ? { kind: 'killed', name: name ?? '', printed } : { kind: 'ended', code, printed };
  }

  #endIt(why: 'late' | 'talkative' | 'broken-off'): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#signalGroup('SIGTERM');
    this.#killTimer = setTimeout(() => {
      this.#signalGroup('SIGKILL');
      // A process in the middle of a system call that never returns does not even end then.
      this.#settle(this.#endOf(null, null));
    }, graceMs);
  }

  #settle(end: FedEnd): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#killTimer);
    // It did not end by itself: what has left its process group hangs as well, and would be started again by the next attempt.
    if (this.#why !== undefined) killMarked(this.#mark);
    this.#signal.removeEventListener('abort', this.#abort);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    this.#resolve(end);
  }

  #signalGroup(name: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch {
      // None is left.
    }
  }
}
