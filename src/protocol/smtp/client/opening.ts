// The beginning of a client session until it is ready: greeting, EHLO, STARTTLS (RFC 3207) with EHLO anew under TLS, and AUTH (RFC 4954).
// Promises: nothing that the server said before TLS counts under it (RFC 3207 4.2), and a session that has to log in is never ready
// without that.

import { Authentication } from './authentication.ts';
import { answeredIn } from './client-phase.ts';
import type { ClientEvent, ClientSessionOptions, RepliedCommand } from './client-types.ts';
import type { ClientDialect } from './dialect.ts';
import { noExtensions, parseExtensions, type ServerExtensions } from './extensions.ts';
import type { ClientLogin } from './login-types.ts';
import { quoted, quotedAnswer, replyText } from './reply-text.ts';
import type { ReplyParser } from './reply-parser.ts';

/** What a reply of the server leads to. */
export type OpeningStep =
  | { readonly kind: 'send'; readonly command: string }
  | Extract<ClientEvent, { readonly kind: 'ready' | 'handshake' | 'failed' | 'login' | 'derive' }>
  /** The reply is not allowed here, or was not alone. */
  | { readonly kind: 'broken'; readonly text: string };

/** Why there is no TLS, on one line. */
export interface Declined {
  readonly reason: string;
  /** By a reply of 4yz: the server may agree later (RFC 5321 4.2.1). */
  readonly isForNow: boolean;
}

const ready = { kind: 'ready' } as const;

/**
 * RFC 3207 4.2: a server sends nothing between its reply to STARTTLS and TLS. Bytes in clear were put in by an attacker, for the
 * session to take them as said under TLS.
 */
export function injected(bytes: number): string {
  return `protocol error: ${bytes} bytes in clear after the server had agreed to use TLS`;
}

export class Opening {
  phase: 'greeting' | 'helo' | 'starttls' | 'handshake' | 'auth';
  /** What the server announced last; nothing before EHLO was answered, after a fall-back to HELO, and before EHLO under TLS. */
  extensions: ServerExtensions = noExtensions;
  /** HELO was sent after the server had refused EHLO. */
  triedHelo = false;
  #isSecure = false;
  /** AUTH was offered before TLS. */
  #offeredInClear = false;
  /** Undefined before the log-in. */
  #authentication: Authentication | undefined;
  /** Why the server was not asked for TLS, or how it refused it; undefined when it agreed, and when TLS was not wanted. */
  declined: Declined | undefined;
  readonly #options: ClientSessionOptions;
  readonly #dialect: ClientDialect;

  constructor(options: ClientSessionOptions, dialect: ClientDialect) {
    this.#options = options;
    this.#dialect = dialect;
    // RFC 8314 3.3: the greeting comes under TLS.
    this.phase = options.tls === 'implicit' ? 'handshake' : 'greeting';
  }

  /** The next step after a reply. @param parser - has found the reply */
  replied(parser: ReplyParser): OpeningStep {
    const { code } = parser;
    switch (this.phase) {
      case 'greeting':
        return code < 300 ? this.#hello() : this.#refused(parser);
      case 'helo':
        return this.#helloAnswered(parser);
      case 'starttls':
        return this.#startTlsAnswered(parser);
      case 'handshake':
        return { kind: 'broken', text: injected(parser.unreadBytes) };
      case 'auth':
        return this.#authentication?.replied(parser) ?? this.#outOfTurn(parser);
    }
  }

  /** The log-in; undefined before it. */
  get authentication(): Authentication | undefined {
    return this.#authentication;
  }

  /** Begins the log-in; undefined when that is not what the session waits for. */
  logIn(login: ClientLogin): OpeningStep | undefined {
    if (this.phase !== 'auth' || this.#authentication !== undefined) return undefined;
    this.#authentication = new Authentication(login, this.extensions.auth);
    return this.#authentication.begin();
  }

  /** TLS is over the connection. Returns the command to send: EHLO anew, or nothing where the server has to greet first. */
  secured(): string {
    const greets = this.#options.tls === 'implicit';
    this.#isSecure = true;
    this.#offeredInClear = this.extensions.auth.length > 0;
    this.triedHelo = false;
    this.extensions = noExtensions;
    this.phase = greets ? 'greeting' : 'helo';
    return greets ? '' : this.#helloCommand();
  }

  #helloCommand(): string {
    return `${this.#dialect.hello} ${this.#options.heloName}\r\n`;
  }

  #hello(): OpeningStep {
    this.phase = 'helo';
    return { kind: 'send', command: this.#helloCommand() };
  }

  #helloAnswered(parser: ReplyParser): OpeningStep {
    const { code } = parser;
    if (code < 300) {
      const lines = parser.lines();
      const loop = this.#loopOf(lines);
      if (loop !== undefined) return loop;
      if (!this.triedHelo) this.extensions = parseExtensions(lines, this.#options.ignoredExtensions);
      return this.#mayBeReady();
    }
    if (code < 500 || this.triedHelo || !this.#dialect.fallsBackToHelo) return this.#refused(parser);
    // RFC 5321 3.2: HELO for a server that does not know EHLO.
    this.triedHelo = true;
    return { kind: 'send', command: `HELO ${this.#options.heloName}\r\n` };
  }

  /** RFC 5321 4.1.1.1: the reply to EHLO begins with the server's name. RFC 3463 X.4.6: routing loop detected. */
  #loopOf([first = '']: readonly string[]): OpeningStep | undefined {
    const { ownNames } = this.#options;
    if (ownNames === undefined) return undefined;
    const [name = ''] = first.trim().split(/\s/, 1);
    if (!ownNames.has(name.toLowerCase())) return undefined;
    const text = `mail would loop: the server calls itself ${name}, which is a name of this server`;
    const failure = { kind: 'broken', during: this.#command(), text, enhanced: '4.4.6' } as const;
    return { kind: 'failed', failure, permanent: false };
  }

  #mayBeReady(): OpeningStep {
    const { tls = 'never' } = this.#options;
    // RFC 3207 4.2: no STARTTLS under TLS, even when the server offers it.
    if (tls === 'never' || this.#isSecure) return this.#mayLogIn();
    if (this.extensions.startTls) {
      this.phase = 'starttls';
      return { kind: 'send', command: 'STARTTLS\r\n' };
    }
    const text = 'the server does not offer STARTTLS';
    this.declined = { reason: text, isForNow: false };
    if (tls === 'want') return this.#mayLogIn();
    // RFC 3463 3.8, X.7.4: a security feature that is required is not supported.
    const failure = { kind: 'broken', during: this.#command(), text, enhanced: '4.7.4' } as const;
    return { kind: 'failed', failure, permanent: false };
  }

  /** Everything before the log-in is done. */
  #mayLogIn(): OpeningStep {
    if (this.#options.logsIn !== true) return ready;
    this.phase = 'auth';
    if (this.extensions.auth.length > 0) return { kind: 'login' };
    // RFC 4954 4: who removes AUTH from the list wants the mail, or the password, to go another way.
    const text = this.#offeredInClear
      ? 'the server offers AUTH before TLS and not under it: somebody on the way may have changed what it says'
      : 'the server does not offer AUTH, and the mail must not go without a log-in';
    const failure = { kind: 'broken', during: 'AUTH', text, enhanced: '4.7.4' } as const;
    return { kind: 'failed', failure, permanent: false };
  }

  #startTlsAnswered(parser: ReplyParser): OpeningStep {
    const { code, unreadBytes } = parser;
    if (code < 300) {
      this.phase = 'handshake';
      return unreadBytes === 0 ? { kind: 'handshake' } : { kind: 'broken', text: injected(unreadBytes) };
    }
    if (code < 400) return this.#refused(parser);
    const reason = `the server refused STARTTLS: ${quoted(replyText(parser.reply('STARTTLS')))}`;
    this.declined = { reason, isForNow: code < 500 };
    // RFC 3207 4: after a 454 the client decides whether to go on without TLS. What was said so far still counts.
    return this.#options.tls === 'must' ? this.#refused(parser) : this.#mayLogIn();
  }

  #outOfTurn(parser: ReplyParser): OpeningStep {
    const reply = parser.reply(this.#command());
    return { kind: 'broken', text: `protocol error: unexpected reply ${quotedAnswer(reply)}` };
  }

  /** A reply that is not 2xx: only 4xx and 5xx are refusals. */
  #refused(parser: ReplyParser): OpeningStep {
    const { code } = parser;
    if (code < 400) return this.#outOfTurn(parser);
    const reply = parser.reply(this.#command());
    return { kind: 'failed', failure: { kind: 'reply', reply }, permanent: code >= 500 };
  }

  #command(): RepliedCommand {
    return answeredIn(this.phase, this.#dialect, this.triedHelo);
  }
}
