// Passwords that Dovecot checks, over the socket of its authentication server (the client side of Dovecot's authentication protocol, version 1). One
// connection carries many questions at once.
// Promises: every question ends; one that Dovecot does not answer is no wrong password.

import { connect, type Socket } from 'node:net';
import { systemReason } from '../../config/read/config-error.ts';
import { nodeTimers, type Timer, type Timers } from '../../io/timers.ts';
import type { SourceSettings } from '../settings.ts';
import type { Failing, PasswordLogin } from '../types.ts';
import { type CheckedElsewhere, OwnDomains, type PasswordSource } from './source.ts';

type Settings = Extract<SourceSettings, { readonly kind: 'dovecot' }>;

/** Questions under way at most. */
const mostPending = 1_000;
/** Dovecot's lines are shorter. */
const maxLineBytes = 16_384;
/** Ids have 32 bits. */
const mostId = 0x7fff_ffff;

/** A connection after the greeting of both sides. */
interface Session {
  readonly socket: Socket;
  readonly pending: Map<number, Pending>;
}

interface Pending {
  readonly resolve: (answer: CheckedElsewhere) => void;
  readonly timer: Timer;
}

export class DovecotSource implements PasswordSource {
  readonly kind = 'passwords';
  readonly name: string;
  readonly rememberMs: number;
  readonly #domains: OwnDomains;
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #timers: Timers;
  /** The connection, or its making; undefined: the next question makes one. */
  #session: Promise<Session | Failing> | undefined;
  #lastId = 0;
  #pending = 0;
  #isClosed = false;

  constructor({ name, path, timeoutMs, rememberMs, domains }: Settings, timers: Timers = nodeTimers) {
    this.name = name;
    this.rememberMs = rememberMs;
    this.#domains = new OwnDomains(domains);
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    this.#timers = timers;
  }

  isFor(login: string): boolean {
    return this.#domains.has(login);
  }

  async check(login: PasswordLogin): Promise<CheckedElsewhere> {
    if (this.#isClosed || this.#pending >= mostPending)
      return { kind: 'failing', reason: 'too many passwords wait for Dovecot' };
    this.#pending++;
    try {
      this.#session ??= this.#connect();
      const session = await this.#session;
      return 'kind' in session ? session : await this.#ask(session, login);
    } finally {
      this.#pending--;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const session = await this.#session;
    if (session !== undefined && !('kind' in session)) session.socket.destroy();
  }

  #ask({ socket, pending }: Session, login: PasswordLogin): Promise<CheckedElsewhere> {
    const id = (this.#lastId = (this.#lastId % mostId) + 1);
    return new Promise((resolve) => {
      const timer = this.#timers.setTimeout(() => {
        pending.delete(id);
        resolve({ kind: 'failing', reason: 'Dovecot did not answer in time' });
      }, this.#timeoutMs);
      pending.set(id, { resolve, timer });
      socket.write(requestOf(id, login));
    });
  }

  #connect(): Promise<Session | Failing> {
    return new Promise((resolve) => {
      const socket = connect(this.#path);
      const pending = new Map<number, Pending>();
      let reason = 'Dovecot has closed the connection';
      const timer = this.#timers.setTimeout(() => {
        reason = 'Dovecot did not greet in time';
        socket.destroy();
      }, this.#timeoutMs);
      const greeting = new Greeting();
      const lines = new Lines((line) => {
        if (!greeting.isOver) {
          const problem = greeting.take(line);
          if (problem !== undefined) {
            reason = problem;
            socket.destroy();
          } else if (greeting.isOver) {
            this.#timers.clear(timer);
            resolve({ socket, pending });
          }
          return;
        }
        answered(line, pending, this.#timers);
      });
      socket.on('data', (bytes: Buffer) => {
        if (lines.take(bytes)) return;
        reason = 'Dovecot sent a line that is too long';
        socket.destroy();
      });
      socket.on('error', (error) => {
        reason = `${this.#path}: ${systemReason(error)}`;
      });
      socket.once('close', () => {
        this.#session = undefined;
        this.#timers.clear(timer);
        for (const each of pending.values()) {
          this.#timers.clear(each.timer);
          each.resolve({ kind: 'failing', reason });
        }
        pending.clear();
        resolve({ kind: 'failing', reason });
      });
      socket.write(`VERSION\t1\t1\nCPID\t${process.pid}\n`);
    });
  }
}

/** What Dovecot says first: its version, its mechanisms, and DONE. */
class Greeting {
  isOver = false;
  #hasVersion = false;
  #hasPlain = false;

  /** @returns why nothing can be asked over this connection */
  take(line: string): string | undefined {
    const [word, first] = line.split('\t');
    if (word === 'VERSION') {
      this.#hasVersion = true;
      return first === '1'
        ? undefined
        : `Dovecot speaks version ${first} of its protocol, and Sluice version 1`;
    }
    if (word === 'MECH' && first === 'PLAIN') this.#hasPlain = true;
    if (word !== 'DONE') return undefined;
    if (!this.#hasVersion) return 'this is no socket for clients of Dovecot';
    if (!this.#hasPlain) return 'Dovecot does not offer PLAIN: add it to its auth_mechanisms';
    this.isOver = true;
    return undefined;
  }
}

function answered(line: string, pending: Map<number, Pending>, timers: Timers): void {
  const [word, id, ...parameters] = line.split('\t');
  const question = pending.get(Number(id));
  if (question === undefined || (word !== 'OK' && word !== 'FAIL' && word !== 'CONT')) return;
  pending.delete(Number(id));
  timers.clear(question.timer);
  const isTemporary = parameters.includes('temp') || parameters.includes('code=temp_fail');
  if (word === 'OK') question.resolve({ kind: 'right' });
  else if (word === 'FAIL' && !isTemporary) question.resolve({ kind: 'wrong' });
  else
    question.resolve({
      kind: 'failing',
      reason: word === 'CONT' ? 'Dovecot wants more than a password' : 'Dovecot cannot check passwords now',
    });
}

/** `resp` has to be last. No parameter has a tab: the client's address has none, and the rest is base64. */
function requestOf(id: number, { login, password, client, isEncrypted }: PasswordLogin): string {
  const response = Buffer.from(`\0${login}\0${password}`).toString('base64');
  const parameters = [
    'service=smtp',
    'nologin',
    ...(client === '' ? [] : [`rip=${client}`]),
    ...(isEncrypted ? ['secured'] : []),
    `resp=${response}`,
  ];
  return `AUTH\t${id}\tPLAIN\t${parameters.join('\t')}\n`;
}

/** Cuts a stream into lines, wherever its pieces end. */
class Lines {
  readonly #take: (line: string) => void;
  #kept = '';

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  /** @returns false when a line is too long */
  take(bytes: Buffer): boolean {
    const lines = (this.#kept + bytes.toString('latin1')).split('\n');
    this.#kept = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
    return this.#kept.length <= maxLineBytes;
  }
}
