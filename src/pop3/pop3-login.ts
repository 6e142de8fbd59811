// Log-ins of a POP3 session: USER with PASS, and AUTH (RFC 5034). Promises: a fault on this side is [SYS/TEMP] and never [AUTH], for which clients
// ask their users for another password (RFC 3206); whether a user exists is not to be seen.

import type { Ban, NotedFailure } from '../directory/types.ts';
import type { Pop3Event, ResponseCode } from '../protocol/pop3/server-types.ts';
import type { ChannelBindings } from '../sasl/scram-exchange.ts';
import type { Exchange, LoggedIn, Step } from '../sasl/exchange.ts';
import { beginExchange, mechanismOf } from '../sasl/mechanisms.ts';
import { stepOf } from '../sasl/password-exchanges.ts';
import type { Pop3Context } from './pop3-context.ts';

export type LoginEvent = Extract<
  Pop3Event,
  { readonly kind: 'password' | 'auth' | 'response' | 'unauthenticated' }
>;

/** What a log-in may use of the connection. */
export interface LoginFacts {
  readonly client: string;
  readonly isEncrypted: boolean;
  readonly bindings: ChannelBindings;
  readonly certificateNames: readonly string[];
}

/** What the session does as its log-in goes on. */
export interface LoginEnds {
  challenge(bytes: Uint8Array): void;
  /** Answered later. */
  wait(): void;
  refuse(text: string, code: ResponseCode): void;
  /** Refuses it, and ends the session. */
  end(text: string, code: ResponseCode): void;
  loggedIn(who: LoggedIn): void;
}

/** Failed log-ins after which a session ends. */
const maxFailures = 3;

export class Pop3Login {
  readonly #context: Pick<Pop3Context, 'directory' | 'hints' | 'log'>;
  readonly #ends: LoginEnds;
  #exchange: Exchange | undefined;
  #mechanism = '';
  #failures = 0;
  /** A refusal that comes after the client's answer to an explanation. */
  #isRefused = false;
  #isGone = false;
  #client = '';

  constructor(context: Pick<Pop3Context, 'directory' | 'hints' | 'log'>, ends: LoginEnds) {
    this.#context = context;
    this.#ends = ends;
  }

  take(event: LoginEvent, facts: LoginFacts): void {
    this.#client = facts.client;
    switch (event.kind) {
      case 'password':
        this.#mechanism = 'PASS';
        this.#await(this.#checkPassword(event, facts));
        break;
      case 'auth':
        this.#begin(event.mechanism, event.response, facts);
        break;
      case 'response':
        if (this.#isRefused) this.#refuse();
        else if (this.#exchange !== undefined) this.#carryOut(this.#exchange.respond(event.bytes));
        break;
      case 'unauthenticated':
        this.#brokenOff();
        break;
    }
  }

  gone(): void {
    this.#isGone = true;
    this.#exchange = undefined;
  }

  async #checkPassword(
    { login, password }: { readonly login: string; readonly password: string },
    { client, isEncrypted }: LoginFacts,
  ): Promise<Step> {
    return stepOf(
      await this.#context.directory.checkPassword({ login, password, client, isEncrypted }),
      login,
    );
  }

  #begin(mechanism: string, response: Uint8Array | undefined, facts: LoginFacts): void {
    const name = mechanismOf(mechanism);
    if (name === undefined) {
      this.#ends.refuse('This mechanism is not offered', '');
      return;
    }
    this.#mechanism = name;
    const { directory, hints } = this.#context;
    const { bindings, certificateNames, client, isEncrypted } = facts;
    this.#exchange = beginExchange(
      name,
      directory,
      { client, isEncrypted },
      { bindings, certificateNames, hints },
    );
    this.#carryOut(this.#exchange.respond(response));
  }

  #carryOut(step: Step | Promise<Step>): void {
    if (step instanceof Promise) this.#await(step);
    else this.#taken(step);
  }

  #await(step: Promise<Step>): void {
    this.#ends.wait();
    const taken = (made: Step): void => {
      if (!this.#isGone) this.#taken(made);
    };
    void step.then(taken, (error: unknown) => taken({ kind: 'failing', reason: String(error) }));
  }

  #taken(step: Step): void {
    if (step.kind === 'challenge') {
      this.#ends.challenge(step.bytes);
      return;
    }
    this.#exchange = undefined;
    switch (step.kind) {
      case 'right':
        this.#context.log.authenticated(this.#client, step.user.address, this.#mechanism, step.application);
        this.#ends.loggedIn(step);
        break;
      case 'wrong':
        this.#failed(step.login, step.reason);
        this.#failures++;
        if (step.challenge === undefined) this.#refuse();
        else {
          // RFC 7628 3.2.3: whatever the client answers, the reply is a refusal.
          this.#isRefused = true;
          this.#ends.challenge(step.challenge);
        }
        break;
      case 'hopeless':
        this.#failed(step.login, step.reason);
        this.#count(step.login, () => this.#refuse());
        break;
      case 'malformed':
        this.#failed('', step.reason);
        this.#count('', () => this.#ends.refuse('The mechanism was not followed', ''));
        break;
      case 'banned':
        this.#banned(step.login, step.ban);
        break;
      case 'failing':
        this.#failed('', step.reason);
        this.#ends.refuse('Log-ins are not possible now, try again later', 'SYS/TEMP');
        break;
    }
  }

  /** Of a failure that the directory has not heard of: it is counted there first, and answered after the same time as others. */
  #count(login: string, then: () => void): void {
    this.#ends.wait();
    const failing = (): NotedFailure => ({ kind: 'failing', reason: '' });
    void this.#context.directory
      .noteFailure(this.#client)
      .catch(failing)
      .then((answer) => {
        if (this.#isGone) return;
        this.#failures++;
        if (answer.kind === 'banned') this.#banned(login, answer.ban);
        else then();
      });
  }

  /** The client has cancelled the exchange, or sent what is no response. It has its reply, so nobody waits for the count. */
  #brokenOff(): void {
    const isUnderWay = this.#exchange !== undefined;
    this.#exchange = undefined;
    this.#isRefused = false;
    if (!isUnderWay) return;
    this.#failed('', 'the client has broken it off');
    void this.#context.directory.noteFailure(this.#client).catch(() => undefined);
  }

  #banned(login: string, { kind, target }: Ban): void {
    this.#failed(login, `the ${kind} ${target} is banned`);
    // Not [AUTH]: the password may be right.
    if (kind === 'user') this.#ends.refuse('Too many failed log-ins, try again later', 'SYS/TEMP');
    else this.#ends.end('Too many failed log-ins from your address, try again later', 'SYS/TEMP');
  }

  #refuse(): void {
    this.#isRefused = false;
    if (this.#failures < maxFailures) this.#ends.refuse('Wrong user or password', 'AUTH');
    else this.#ends.end('Wrong user or password', 'AUTH');
  }

  #failed(login: string, reason: string): void {
    this.#context.log.authenticationFailed(this.#client, login, this.#mechanism, reason);
  }
}
