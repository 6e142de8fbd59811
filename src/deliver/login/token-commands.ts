// Tokens that a program prints. A token is used for some time, so that not every connection runs the program; one that a server has refused
// is not used again. Promises: a program of one credential runs once at a time, for a bounded time and with a bounded output, without a
// shell; what it prints is in no text that this returns.

import { execFile } from 'node:child_process';
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
    const held: Held = { secret: run(command, this.#timeLimitMs), untilMs: Infinity };
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
}

function run([program = '', ...args]: readonly string[], limitMs: number): Promise<GivenSecret> {
  const missing = (reason: string): GivenSecret => ({
    kind: 'missing',
    reason: `${program} ${reason}; run it as the user of the senders to see more`,
  });
  return new Promise((resolve) => {
    const options = {
      timeout: limitMs,
      killSignal: 'SIGKILL',
      maxBuffer: mostBytes,
      encoding: 'utf8',
    } as const;
    try {
      const child = execFile(program, args, options, (error, printed) => {
        if (error !== null) resolve(missing(failureOf(error, limitMs)));
        else resolve(tokenIn(printed) ?? missing('did not print one line with a token'));
      });
      child.stdin?.end();
    } catch (error) {
      // No process or open file is left.
      resolve(missing(`could not be started: ${error instanceof Error ? error.message : String(error)}`));
    }
  });
}

/** The message of Node's error repeats the output of the program. */
function failureOf(
  error: Error & { readonly code?: unknown; readonly killed?: boolean },
  limitMs: number,
): string {
  if (String(error.code).endsWith('_MAXBUFFER')) return 'printed more than 8 KiB';
  if (error.killed === true) return `did not end within ${limitMs / 1000} s`;
  if (typeof error.code === 'number') return `ended with code ${error.code}`;
  if (error.code === 'ENOENT') return 'does not exist';
  return error.code === 'EACCES' ? 'may not be run' : 'failed';
}

function tokenIn(printed: string): GivenSecret | undefined {
  const text = printed.replace(/\r?\n$/u, '');
  return text === '' || /[\0-\x20\x7f]/u.test(text) ? undefined : { kind: 'secret', text };
}
