// AUTH of a client session (RFC 4954): tries the mechanisms in order until one succeeds, and carries their challenges and responses.
// Promises: it ends, whatever the server sends; a mechanism is given up for another one only when the server does not take that
// mechanism (504, 534), never because of a wrong password; and no secret is in what it says about a failure.

import type { RemoteReply, SessionFailure } from './client-types.ts';
import type { ClientExchange, ClientLogin, ClientStep } from './login-types.ts';
import { quotedAnswer } from './reply-text.ts';
import type { ReplyParser } from './reply-parser.ts';

export type AuthenticationStep =
  | { readonly kind: 'send'; readonly command: string }
  | { readonly kind: 'derive'; readonly salt: Uint8Array; readonly iterations: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly failure: SessionFailure; readonly permanent: false }
  | { readonly kind: 'broken'; readonly text: string };

/** SCRAM needs two, LOGIN two, OAUTHBEARER one. */
const mostChallenges = 8;
/** RFC 4954 4: AUTH with its initial response is bounded like any command (RFC 5321 4.5.3.1.4). */
const mostCommandOctets = 512;
/** RFC 4648 4, with its padding. */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const nobodyAsked: ClientStep = { kind: 'cancel', reason: 'nothing was asked for' };

export class Authentication {
  /** The mechanism that is tried, or has succeeded. */
  mechanism = '';
  readonly #login: ClientLogin;
  readonly #offered: readonly string[];
  /** Those that are left to try. */
  readonly #names: string[];
  #exchange: ClientExchange | undefined;
  /** The initial response, where it goes behind the server's first challenge, which is empty. */
  #held: Uint8Array | undefined;
  /** Why the exchange was cancelled. */
  #cancelled = '';
  /** What the server waits for: a reply of its own must not come. */
  #isOurTurn = true;
  #challenges = 0;
  readonly #told: string[];

  /** @param offered - by the server, in upper case */
  constructor(login: ClientLogin, offered: readonly string[]) {
    this.#login = login;
    this.#offered = offered;
    const { secrets } = login;
    this.#told = [...secrets, ...secrets.map((secret) => Buffer.from(secret).toString('base64'))];
    this.#names = login.mechanisms.map(({ name }) => name).filter((name) => offered.includes(name));
  }

  /** Secrets, plain and in base64, and the responses as they were sent: it grows with each. */
  get told(): readonly string[] {
    return this.#told;
  }

  /** Begins with the first mechanism that both sides know. */
  begin(): AuthenticationStep {
    const name = this.#names.shift();
    const found = this.#login.mechanisms.find((each) => each.name === name);
    if (found === undefined) return this.#none();
    this.mechanism = found.name;
    this.#challenges = 0;
    this.#isOurTurn = false;
    const exchange = found.begin(this.#offered);
    this.#exchange = exchange;
    const { initial } = exchange;
    this.#held = undefined;
    const command = `AUTH ${found.name}\r\n`;
    if (initial === undefined) return { kind: 'send', command };
    // RFC 4954 4: an initial response of no bytes is written as "=".
    const text = initial.length === 0 ? '=' : this.#encoded(initial);
    const whole = `AUTH ${found.name} ${text}\r\n`;
    if (whole.length <= mostCommandOctets) return { kind: 'send', command: whole };
    this.#held = initial;
    return { kind: 'send', command };
  }

  /** Takes a reply, which is not 421. @param parser - has found the reply */
  replied(parser: ReplyParser): AuthenticationStep {
    const { code } = parser;
    if (this.#isOurTurn) return { kind: 'broken', text: unexpected(parser.reply('AUTH')) };
    if (code === 334) return this.#challenged(parser);
    if (this.#cancelled !== '') return this.#given(this.#cancelled);
    this.#isOurTurn = true;
    // RFC 4954 6: another reply of success answers another command.
    if (code === 235) return this.#succeeded();
    if (code < 400) return { kind: 'broken', text: unexpected(parser.reply('AUTH')) };
    // RFC 4954 6: 504, the mechanism is not known; 534, it is too weak for this user.
    if ((code === 504 || code === 534) && this.#names.length > 0) return this.begin();
    return { kind: 'failed', failure: { kind: 'reply', reply: parser.reply('AUTH') }, permanent: false };
  }

  /** What the step `derive` asked for is there. */
  derived(key: Uint8Array): AuthenticationStep {
    return this.#act(this.#exchange?.derived(key) ?? nobodyAsked);
  }

  #challenged(parser: ReplyParser): AuthenticationStep {
    if (this.#cancelled !== '') {
      const text = `protocol error: the server goes on with AUTH after "*" (${this.#cancelled})`;
      return { kind: 'broken', text };
    }
    this.#challenges++;
    if (this.#challenges > mostChallenges) {
      return this.#cancel(`the server has sent more than ${mostChallenges} challenges`);
    }
    const lines = parser.lines();
    const text = (lines[0] ?? '').trim();
    if (this.#exchange?.readsChallenges === true && (lines.length !== 1 || !base64.test(text))) {
      return this.#cancel('a challenge of the server is not base64');
    }
    const held = this.#held;
    this.#held = undefined;
    // RFC 4954 4: to a command without the initial response the server sends an empty challenge.
    if (held !== undefined) return this.#act({ kind: 'response', bytes: held });
    return this.#act(this.#exchange?.respond(Buffer.from(text, 'base64')) ?? nobodyAsked);
  }

  #act(step: ClientStep): AuthenticationStep {
    switch (step.kind) {
      case 'response':
        this.#isOurTurn = false;
        return { kind: 'send', command: `${this.#encoded(step.bytes)}\r\n` };
      case 'derive':
        this.#isOurTurn = true;
        return step;
      case 'cancel':
        return this.#cancel(step.reason);
    }
  }

  /** RFC 4954 4: "*" cancels the exchange, which the server answers 501. */
  #cancel(reason: string): AuthenticationStep {
    this.#cancelled = reason;
    this.#isOurTurn = false;
    return { kind: 'send', command: '*\r\n' };
  }

  #succeeded(): AuthenticationStep {
    const disbelief = this.#exchange?.disbelief();
    return disbelief === undefined ? { kind: 'ready' } : this.#given(disbelief);
  }

  #none(): AuthenticationStep {
    const offered = this.#offered.slice(0, 20).join(', ').slice(0, 200);
    return this.#given(`the server offers the mechanisms ${offered}, and ${this.#login.allowed}`);
  }

  /** The session is given up. RFC 3463 3.8, X.7.4: a security feature that is needed is not supported. */
  #given(text: string): AuthenticationStep {
    const failure = { kind: 'broken', during: 'AUTH', text: `AUTH: ${text}`, enhanced: '4.7.4' } as const;
    return { kind: 'failed', failure, permanent: false };
  }

  #encoded(bytes: Uint8Array): string {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
    this.#told.push(text);
    return text;
  }
}

function unexpected(reply: RemoteReply): string {
  return `protocol error: unexpected reply ${quotedAnswer(reply)}`;
}
