// AUTH in a session (RFC 4954): carries responses of the client to the exchange of its mechanism and the verdict back. Promises: a fault on
// this side is 454 and never 535, for which clients ask their users for another password.

import { domainOf } from '../address/domain.ts';
import type { Ban, NotedFailure } from '../directory/types.ts';
import type { Decision } from '../policy/decision.ts';
import { PendingDecision } from '../policy/pending-decision.ts';
import type { Reply, ServerEvent } from '../protocol/smtp/server/server-types.ts';
import type { ServerSession } from '../protocol/smtp/server/server-session.ts';
import type { Exchange, LoggedIn, Step } from '../sasl/exchange.ts';
import { beginExchange, mechanismOf } from '../sasl/mechanisms.ts';
import { LastingLogin } from './lasting-login.ts';
import type { ListenerAuth } from './listener-auth.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { ReceivedSession } from './received-session.ts';
import type { SessionAnswers } from './session-answers.ts';

export type AuthEvent = Extract<ServerEvent, { readonly kind: 'auth' | 'response' | 'unauthenticated' }>;

export interface AuthWaiting {
  hold(): void;
  resume(): void;
  /** Waits for a decision, goes on with it, and resumes. */
  wait(pending: PendingDecision, then: (decision: Decision) => void): void;
  /** The client has proved to be a user. */
  authenticated(): void;
}

/** RFC 4954 6. */
export const loginFirst: Reply = { code: 530, enhanced: '5.7.0', text: 'Authentication required' };
/** RFC 4954 6. The same text whether the user exists or not. */
const wrongLogin: Reply = { code: 535, enhanced: '5.7.8', text: 'Authentication failed' };
const notNow: Reply = {
  code: 454,
  enhanced: '4.7.0',
  text: 'Authentication is not possible now, try again later',
};
const malformed: Reply = { code: 501, enhanced: '5.5.2', text: 'The mechanism was not followed' };
const tooMany: Reply = {
  code: 421,
  enhanced: '4.7.0',
  text: 'Too many failed log-ins, closing the connection',
};

/** The same text whether the user exists or not. */
const bannedUser: Reply = { code: 454, enhanced: '4.7.0', text: 'Too many failed log-ins, try again later' };
const bannedClient: Reply = {
  code: 421,
  enhanced: '4.7.0',
  text: 'Too many failed log-ins from your address, try again later',
};

/** Failed log-ins after which a session ends. */
const maxFailures = 3;

export class AuthSteps {
  readonly #context: ReceiveContext;
  readonly #auth: ListenerAuth;
  readonly #session: ServerSession;
  readonly #facts: ReceivedSession;
  readonly #answers: SessionAnswers;
  readonly #completesMail: boolean;
  readonly #waiting: AuthWaiting;
  readonly #lasting: LastingLogin;
  #mechanism = '';
  /** Undefined when none is under way. */
  #exchange: Exchange | undefined;
  #failures = 0;
  /** A refusal that comes after the client's answer to an explanation. */
  #refusal: Reply | undefined;
  /** Set while the directory counts a failure. */
  #counting: object | undefined;

  constructor(
    context: ReceiveContext,
    auth: ListenerAuth,
    session: ServerSession,
    facts: ReceivedSession,
    answers: SessionAnswers,
    completesMail: boolean,
    waiting: AuthWaiting,
  ) {
    this.#context = context;
    this.#auth = auth;
    this.#session = session;
    this.#facts = facts;
    this.#answers = answers;
    this.#completesMail = completesMail;
    this.#waiting = waiting;
    this.#lasting = new LastingLogin(auth.directory, facts, answers, waiting);
  }

  /** Must the client log in before it sends mail? A certificate by which it may relay is as good. */
  get isNeeded(): boolean {
    const { tls, user } = this.#facts;
    return this.#auth.isRequired && user === undefined && tls?.certificateSubject === undefined;
  }

  take(event: AuthEvent): void {
    if (event.kind === 'auth') this.#begin(event.mechanism, event.response);
    else if (event.kind === 'unauthenticated') this.#brokenOff();
    else if (this.#refusal !== undefined) this.#refuse(this.#refusal);
    else if (this.#exchange !== undefined) this.#respond(this.#exchange, event.bytes);
  }

  /** MAIL: goes on if the log-in of the session still holds. */
  whileItHolds(reversePath: string, goOn: () => void): void {
    this.#lasting.check(reversePath, goOn);
  }

  /** The client has gone. */
  gone(): void {
    this.#lasting.gone();
    this.#end();
  }

  #end(): void {
    this.#exchange = undefined;
    this.#refusal = undefined;
    this.#counting = undefined;
  }

  /** The client has cancelled the exchange, or sent something that is no response. It has its reply, so nobody waits for the count. */
  #brokenOff(): void {
    const isUnderWay = this.#exchange !== undefined;
    this.#end();
    // A failure that was about to be answered has been counted.
    if (!isUnderWay) return;
    this.#context.log.authenticationFailed(
      this.#facts.client.address,
      '',
      this.#mechanism,
      'the client has broken it off',
    );
    this.#noteFailure();
  }

  #noteFailure(): void {
    void this.#auth.directory.noteFailure(this.#facts.client.address).catch(() => undefined);
  }

  /** @param response - undefined when none came with the command */
  #begin(mechanism: string, response: Uint8Array | undefined): void {
    // A client that answers explanations by giving up has not heard the end of it.
    if (this.#failures >= maxFailures) {
      this.#answers.disconnect('AUTH', tooMany);
      return;
    }
    const name = mechanismOf(mechanism);
    if (name === undefined) {
      this.#answers.reject('AUTH', malformed, '', '');
      return;
    }
    const { client, tls, logins } = this.#facts;
    this.#mechanism = name;
    const facts = { client: client.address, isEncrypted: tls !== undefined };
    const { directory, hints } = this.#auth;
    this.#exchange = beginExchange(name, directory, facts, { ...logins, hints });
    this.#respond(this.#exchange, response);
  }

  #respond(exchange: Exchange, response: Uint8Array | undefined): void {
    const step = exchange.respond(response);
    if (!(step instanceof Promise)) {
      this.#carryOut(step);
      return;
    }
    this.#waiting.hold();
    const taken = (made: Step): void => {
      if (this.#exchange !== exchange) return;
      this.#carryOut(made);
      this.#waiting.resume();
    };
    void step.then(taken, (error: unknown) => taken({ kind: 'failing', reason: String(error) }));
  }

  #carryOut(step: Step): void {
    if (step.kind === 'challenge') {
      this.#session.challenge(step.bytes);
      return;
    }
    this.#exchange = undefined;
    const { log } = this.#context;
    const client = this.#facts.client.address;
    switch (step.kind) {
      case 'right': {
        this.#facts.loggedIn(step.user, this.#mechanism);
        const decision = this.#context.pipelines.usual.decide('auth', this.#facts);
        const then = (made: Decision): void => this.#decided(made, step);
        if (decision instanceof PendingDecision) this.#waiting.wait(decision, then);
        else then(decision);
        break;
      }
      case 'wrong':
        log.authenticationFailed(client, step.login, this.#mechanism, step.reason);
        this.#failures++;
        if (step.challenge === undefined) this.#refuse(wrongLogin);
        else {
          // RFC 7628 3.2.3: whatever the client answers, the reply is a refusal.
          this.#refusal = wrongLogin;
          this.#session.challenge(step.challenge);
        }
        break;
      case 'hopeless':
        log.authenticationFailed(client, step.login, this.#mechanism, step.reason);
        this.#failUnchecked(step.login, wrongLogin);
        break;
      case 'malformed':
        log.authenticationFailed(client, '', this.#mechanism, step.reason);
        this.#failUnchecked('', malformed);
        break;
      case 'banned':
        this.#banned(step.login, step.ban);
        break;
      case 'failing':
        log.authenticationFailed(client, '', this.#mechanism, step.reason);
        this.#session.reject(notNow);
        break;
    }
  }

  #decided(decision: Decision, { user, application, mark }: LoggedIn): void {
    if (this.#answers.isRefused('AUTH', decision)) {
      this.#facts.loggedOut();
      // A temporary error may be a fault on this side.
      if (decision.kind === 'reject' && decision.reply.code >= 500) this.#noteFailure();
      return;
    }
    this.#context.log.authenticated(this.#facts.client.address, user.address, this.#mechanism, application);
    this.#lasting.begin(user.address, mark);
    this.#waiting.authenticated();
    // RFC 6409 8: an address without a domain gets that of its user.
    const domain = domainOf(user.address) || this.#context.settings.hostname;
    this.#session.allow(
      {
        oddCommands: true,
        defaultDomain: this.#completesMail ? domain : '',
        maxMessageBytes: this.#facts.maxMessageBytes,
      },
      true,
    );
    this.#session.accept();
  }

  /** Fails a log-in of which the directory has not heard: it is counted there first, and answered after the same time as others. */
  #failUnchecked(login: string, reply: Reply): void {
    const { directory } = this.#auth;
    const counting = {};
    this.#counting = counting;
    this.#waiting.hold();
    const counted = (answer: NotedFailure): void => {
      if (this.#counting !== counting) return;
      if (answer.kind === 'banned') this.#banned(login, answer.ban);
      else this.#fail(reply);
      this.#waiting.resume();
    };
    const failing = (): NotedFailure => ({ kind: 'failing', reason: '' });
    void directory.noteFailure(this.#facts.client.address).catch(failing).then(counted);
  }

  #banned(login: string, { kind, target }: Ban): void {
    const { log } = this.#context;
    log.authenticationFailed(
      this.#facts.client.address,
      login,
      this.#mechanism,
      `the ${kind} ${target} is banned`,
    );
    if (kind === 'user') this.#session.reject(bannedUser);
    else this.#answers.disconnect('AUTH', bannedClient);
  }

  #fail(reply: Reply): void {
    this.#failures++;
    this.#refuse(reply);
  }

  /** Refuses a log-in that has failed. */
  #refuse(reply: Reply): void {
    this.#refusal = undefined;
    if (this.#failures < maxFailures) this.#session.reject(reply);
    else this.#answers.disconnect('AUTH', tooMany);
  }
}
