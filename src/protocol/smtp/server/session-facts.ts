// The state of a session that commands depend on: the options of its listener, and what the client has said so far. Further state,
// such as the client's identity, belongs here.

import { lmtp } from '../../lmtp/server-dialect.ts';
import { type Dialect, smtp } from './dialect.ts';
import type { Leniency, ServerEvent, ServerSessionOptions } from './server-types.ts';
import { SessionMisuseError } from './session-misuse-error.ts';
import { Transaction } from './transaction.ts';

/** What one client may do, in place of what the listener lets everyone do. */
export interface Allowance extends Pick<Leniency, 'oddCommands' | 'defaultDomain'> {
  /** The largest message in octets; 0 for no limit. */
  readonly maxMessageBytes: number;
}

export class SessionFacts {
  options: ServerSessionOptions;
  leniency: Leniency;
  /** The largest message of this client in octets; 0 for no limit. */
  maxMessageBytes: number;
  /** Both as they were before a log-in. */
  #leniencyBefore: Leniency;
  #maxMessageBytesBefore: number;
  readonly dialect: Dialect;
  readonly transaction = new Transaction();
  /** EHLO, HELO or LHLO was accepted (RFC 5321 4.1.4). */
  saidHello = false;
  /** The session is under TLS. */
  isSecure = false;
  /** The TLS connection with the client itself can be bound to (RFC 5056). */
  isBindable = false;
  /** The client has shown a certificate of a user. */
  isIdentified = false;
  /** AUTH was accepted. */
  isAuthenticated = false;
  /** Mail is not taken before XCLIENT has said an address. */
  needsClient: boolean;
  /** Mail is not taken before STARTTLS. */
  needsTls: boolean;

  constructor(options: ServerSessionOptions, leniency: Leniency) {
    this.options = options;
    this.leniency = leniency;
    this.#leniencyBefore = leniency;
    this.maxMessageBytes = options.maxMessageBytes;
    this.#maxMessageBytesBefore = options.maxMessageBytes;
    this.dialect = dialectOf(options);
    this.needsTls = options.startTls === 'required';
    this.needsClient = leniency.xclient === true;
  }

  /** RFC 8689 2: REQUIRETLS is offered under TLS alone. It is about relaying, so LMTP does not have it. */
  get takesRequireTls(): boolean {
    return takesRequireTls(this.options, this.isSecure);
  }

  /** @param isOfUser - whether it holds by a log-in, and so until STARTTLS or XCLIENT */
  allow({ maxMessageBytes, ...leniency }: Allowance, isOfUser: boolean): void {
    this.leniency = { ...this.leniency, ...leniency };
    this.maxMessageBytes = maxMessageBytes;
    if (isOfUser) return;
    this.#leniencyBefore = this.leniency;
    this.#maxMessageBytesBefore = maxMessageBytes;
  }

  /** RFC 3207 4.2: under TLS, the session is as at its beginning. What counts for limits goes on. */
  secured(isBindable: boolean, isIdentified: boolean): void {
    this.isSecure = true;
    this.isBindable = isBindable;
    this.isIdentified = isIdentified;
    this.leniency = this.#leniencyBefore;
    this.maxMessageBytes = this.#maxMessageBytesBefore;
    this.needsTls = false;
    this.saidHello = false;
    this.isAuthenticated = false;
    this.transaction.end();
  }

  /** XCLIENT: the session is as at its beginning, with another client. TLS, and what counts for limits, goes on. */
  restart(question: ServerEvent, options: ServerSessionOptions, leniency: Leniency): void {
    if (question.kind !== 'xclient') throw new SessionMisuseError('restart() without XCLIENT');
    if (question.facts.address !== undefined) this.needsClient = false;
    this.options = options;
    this.leniency = leniency;
    this.#leniencyBefore = leniency;
    this.maxMessageBytes = options.maxMessageBytes;
    this.#maxMessageBytesBefore = options.maxMessageBytes;
    this.isBindable = false;
    this.isIdentified = false;
    this.saidHello = false;
    this.isAuthenticated = false;
    this.transaction.end();
  }

  /**
   * How often the end of content is answered, or of a chunk: in LMTP once for each recipient (RFC 2033 4.2, 4.3).
   * @param isLast - whether it is also the end of the message
   */
  repliesAtEnd(isLast: boolean): number {
    return isLast && this.dialect.answersEachRecipient ? Math.max(1, this.transaction.recipients) : 1;
  }
}

export function takesRequireTls(options: ServerSessionOptions, isSecure: boolean): boolean {
  return isSecure && dialectOf(options).name === 'SMTP';
}

export function dialectOf({ protocol }: ServerSessionOptions): Dialect {
  return protocol === 'lmtp' ? lmtp : smtp;
}
