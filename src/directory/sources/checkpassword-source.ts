// Passwords that a program checks, by the interface of D. J. Bernstein's checkpassword: it reads name, password and a time from descriptor 3, and ends
// with 0 when they are right, by running the program that it is given.
// Promises: a bounded number of programs at once, each for a bounded time; every end but 0 and 1 is no wrong password.

import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { Places } from '../../table/places.ts';
import type { SourceSettings } from '../settings.ts';
import type { PasswordLogin } from '../types.ts';
import { type CheckedElsewhere, OwnDomains, type PasswordSource } from './source.ts';

type Settings = Extract<SourceSettings, { readonly kind: 'checkpassword' }>;

/** Programs at the same time, and log-ins that wait for one. */
const [mostAtOnce, mostWaiting] = [10, 500];
/** What checkpassword reads at most. */
const maxBytes = 512;
/** Run by the program when the password is right. */
const whenRight = '/bin/true';
/** Not those of whoever started Sluice. */
const systemPath = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin';

export class CheckpasswordSource implements PasswordSource {
  readonly kind = 'passwords';
  readonly name: string;
  readonly rememberMs: number;
  readonly #domains: OwnDomains;
  readonly #command: readonly string[];
  readonly #timeoutMs: number;
  readonly #places = new Places(mostAtOnce, mostWaiting);

  constructor({ name, command, timeoutMs, rememberMs, domains }: Settings) {
    this.name = name;
    this.rememberMs = rememberMs;
    this.#domains = new OwnDomains(domains);
    this.#command = command;
    this.#timeoutMs = timeoutMs;
  }

  isFor(login: string): boolean {
    return this.#domains.has(login);
  }

  async check(login: PasswordLogin): Promise<CheckedElsewhere> {
    const input = Buffer.from(`${login.login}\0${login.password}\0${Math.floor(Date.now() / 1000)}\0`);
    // With a zero byte in it, the rest of a password would be taken for the time, and any password that begins so for right.
    if (input.length > maxBytes || login.password.includes('\0') || login.login.includes('\0'))
      return { kind: 'wrong' };
    if (!(await this.#places.take()))
      return { kind: 'failing', reason: 'too many log-ins wait for the program' };
    try {
      return await this.#run(input, login);
    } finally {
      this.#places.free();
    }
  }

  #run(input: Buffer, { client }: PasswordLogin): Promise<CheckedElsewhere> {
    const [program = '', ...parameters] = this.#command;
    return new Promise((resolve) => {
      const child = spawn(program, [...parameters, whenRight], {
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
        env: { PATH: systemPath, PROTO: 'TCP', ...(client !== '' && { TCPREMOTEIP: client }) },
      });
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        child.kill('SIGKILL');
      }, this.#timeoutMs);
      const ended = (answer: CheckedElsewhere): void => {
        clearTimeout(timer);
        resolve(answer);
      };
      child.once('error', ({ message }) =>
        ended({ kind: 'failing', reason: `${program} cannot be run: ${message}` }),
      );
      child.once('exit', (code, signal) => {
        if (isLate) ended({ kind: 'failing', reason: `${program} did not end in time` });
        else ended(answerOf(program, code, signal));
      });
      const pipe = child.stdio[3] as Writable | null | undefined;
      // A program that ends before it has read everything decides by its exit code all the same.
      pipe?.on('error', () => undefined);
      pipe?.end(input);
    });
  }
}

function answerOf(program: string, code: number | null, signal: NodeJS.Signals | null): CheckedElsewhere {
  if (code === 0) return { kind: 'right' };
  if (code === 1) return { kind: 'wrong' };
  const how = signal === null ? `ended with ${code}` : `was ended by ${signal}`;
  const why = code === 111 ? ': it cannot tell now' : code === 2 ? ': it was called in a wrong way' : '';
  return { kind: 'failing', reason: `${program} ${how}${why}` };
}
