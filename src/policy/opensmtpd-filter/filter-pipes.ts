// The program of a filter and its pipes. Promises: what it has not read is bounded; what is written in one turn leaves in one write; it ends with all
// that it has started.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** Beyond this, whoever shows it a message waits until it has read some. */
const mostUnwrittenBytes = 256 * 1024;
/** Beyond this, it reads nothing any more. */
const mostUnreadBytes = 16 * 1024 * 1024;
const endsWithinMs = 5_000;

export interface FilterPipesParts {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly onOutput: (piece: Buffer) => void;
  /** A piece of its standard error. */
  readonly onComplaint: (piece: string) => void;
  /** It has ended, or cannot go on. @param reason - a clause */
  readonly onEnded: (reason: string) => void;
}

export class FilterPipes {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #onEnded: (reason: string) => void;
  #hasCork = false;
  #isOver = false;
  #whenRead: (() => void)[] = [];

  /** @throws {Error} with the system's error, when no process can be started */
  constructor({ command, environment, onOutput, onComplaint, onEnded }: FilterPipesParts) {
    this.#onEnded = onEnded;
    const [program = '', ...args] = command;
    // With a group of its own.
    this.#child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environment,
      detached: true,
    });
    const { stdin, stdout, stderr } = this.#child;
    this.#child.on('error', (error: NodeJS.ErrnoException) =>
      onEnded(`it cannot be started: ${error.code ?? error.message}`),
    );
    this.#child.on('exit', (code, signal) =>
      onEnded(
        signal === null ? `it has ended with the exit code ${String(code)}` : `it was ended by ${signal}`,
      ),
    );
    stdin.on('error', () => undefined); // it has ended, which is told by itself
    stdin.on('drain', () => this.#read());
    stdout.on('data', onOutput);
    stderr.on('data', (piece: Buffer) => onComplaint(piece.toString('utf8')));
  }

  /** @returns a promise when no more should be written until it resolves */
  write(text: string, encoding: 'utf8' | 'latin1'): Promise<void> | undefined {
    const { stdin } = this.#child;
    if (this.#isOver) return undefined;
    if (!this.#hasCork) {
      this.#hasCork = true;
      stdin.cork();
      process.nextTick(() => {
        this.#hasCork = false;
        stdin.uncork();
      });
    }
    stdin.write(text, encoding);
    if (stdin.writableLength > mostUnreadBytes) this.#onEnded('it does not read what it is told');
    else if (stdin.writableLength > mostUnwrittenBytes)
      return new Promise((resolve) => this.#whenRead.push(resolve));
    return undefined;
  }

  /** What it sends stays where it is, until `resume`. */
  pause(): void {
    this.#child.stdout.pause();
  }

  resume(): void {
    this.#child.stdout.resume();
  }

  /** Nothing more comes: filters end then. @param onLate - called when it does not */
  finish(onLate: () => void): void {
    this.#child.stdin.end();
    const timer = setTimeout(onLate, endsWithinMs);
    this.#child.once('exit', () => clearTimeout(timer));
  }

  /** Ends it now, and whatever it has started. */
  kill(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { pid, stdin, stdout } = this.#child;
    stdin.destroy();
    stdout.resume();
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // None is left.
    }
    this.#read();
  }

  #read(): void {
    for (const resolve of this.#whenRead.splice(0)) resolve();
  }
}
