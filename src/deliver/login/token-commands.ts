// Tokens that a program prints. A token is used for some time, so that not every connection runs the program; one that a server has refused
// is not used again. Promises: a program of one credential runs once at a time, for a bounded time and with a bounded output, without a
// shell; what it prints is in no text that this returns.

import { type ProgramRun, runProgram } from '../../io/run-program.ts';
import type { GivenSecret } from '../../values/secret.ts';

export interface TokenCommand {
  /** The program, and its arguments. */
  readonly command: readonly string[];
  /** How long a token is used. */
  readonly useMs: number;
}

/** A server waits for some minutes (RFC 5321 4.5.3.2.7). */
const timeLimitMs = 30_000;
/** After a failure the program is left alone for this long: many connections may ask. */
const failedMs = 10_000;
/** RFC 4954 4: a response has at most 12,288 octets of base64. */
const mostBytes = 8 * 1024;

interface Held {
  readonly secret: Promise<GivenSecret>;
  /** On the clock of `nowMs`; Infinity while the program runs. */
  untilMs: number;
}

export interface TokenCommandsParts {
  readonly nowMs?: () => number;
  readonly timeLimitMs?: number;
}

export class TokenCommands {
  /** By the command, as text: credentials are few. */
  readonly #held = new Map<string, Held>();
  readonly #nowMs: () => number;
  readonly #timeLimitMs: number;
  readonly #closing = new AbortController();

  constructor({
    nowMs = () => performance.now(),
    timeLimitMs: limit = timeLimitMs,
  }: TokenCommandsParts = {}) {
    this.#nowMs = nowMs;
    this.#timeLimitMs = limit;
  }

  /** The token that is used now, or a new one. Never rejects. */
  of({ command, useMs }: TokenCommand): Promise<GivenSecret> {
    const key = JSON.stringify(command);
    const known = this.#held.get(key);
    if (known !== undefined && known.untilMs > this.#nowMs()) return known.secret;
    const held: Held = { secret: this.#run(command), untilMs: Infinity };
    this.#held.set(key, held);
    void held.secret.then(({ kind }) => {
      held.untilMs = this.#nowMs() + (kind === 'secret' ? useMs : failedMs);
    });
    return held.secret;
  }

  /** A server has refused this token: the next connection gets a new one. */
  async refused({ command }: TokenCommand, token: string): Promise<void> {
    const key = JSON.stringify(command);
    const held = this.#held.get(key);
    if (held === undefined) return;
    const secret = await held.secret;
    if (secret.kind === 'secret' && secret.text === token) held.untilMs = 0;
  }

  /** Ends the programs that run. */
  close(): void {
    this.#closing.abort();
  }

  async #run(command: readonly string[]): Promise<GivenSecret> {
    const limitMs = this.#timeLimitMs;
    const run = await runProgram(command, { timeMs: limitMs, mostBytes, signal: this.#closing.signal });
    const isRight = run.kind === 'ended' && run.code === 0;
    const found = isRight ? tokenIn(run.printed) : undefined;
    if (found !== undefined) return found;
    const why = isRight ? 'did not print one line with a token' : failureOf(run, limitMs);
    return { kind: 'missing', reason: `${command[0]} ${why}; run it as the user of the senders to see more` };
  }
}

/** Why there is no token: a clause that repeats nothing of the output. */
function failureOf(run: ProgramRun, limitMs: number): string {
  switch (run.kind) {
    case 'late':
      return `did not end within ${limitMs / 1000} s`;
    case 'talkative':
      return 'printed more than 8 KiB';
    case 'ended':
      return run.code === null ? 'was ended by a signal' : `ended with code ${run.code}`;
    case 'not-started':
      if (run.code === 'ENOENT') return 'does not exist';
      return run.code === 'EACCES' ? 'may not be run' : `could not be started (${run.code})`;
  }
}

function tokenIn(printed: Buffer): GivenSecret | undefined {
  const text = printed.toString('utf8').replace(/\r?\n$/u, '');
  return text === '' || /[\0-\x20\x7f]/u.test(text) ? undefined : { kind: 'secret', text };
}
