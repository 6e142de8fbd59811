// Mechanisms in which this side sends the secret itself: PLAIN (RFC 4616), LOGIN, and those of OAuth 2.0 (OAUTHBEARER, RFC 7628;
// XOAUTH2, which Google made before that). They are for connections under TLS.

import type { ClientExchange, ClientStep } from '../../protocol/smtp/client/login-types.ts';

const nothing = new Uint8Array(0);

/** The user, and the password or the token. */
export interface SecretOfUser {
  readonly user: string;
  readonly secret: string;
}

/** One response, which goes with the command; then the server has to decide. */
class OneResponse implements ClientExchange {
  readonly readsChallenges = false;
  readonly initial: Uint8Array;
  readonly #afterError: Uint8Array | undefined;

  /** @param afterError - answers the challenge that tells why the log-in fails; undefined: there is no such */
  constructor(initial: string, afterError?: Uint8Array) {
    this.initial = Buffer.from(initial);
    this.#afterError = afterError;
  }

  respond(): ClientStep {
    const bytes = this.#afterError;
    return bytes === undefined
      ? { kind: 'cancel', reason: 'the server asks for more than the mechanism has' }
      : { kind: 'response', bytes };
  }

  derived(): ClientStep {
    return { kind: 'cancel', reason: 'nothing was to be derived' };
  }

  disbelief(): undefined {
    return undefined;
  }
}

/** RFC 4616 2: without the name of another user to act as. */
export function plainExchange({ user, secret }: SecretOfUser): ClientExchange {
  return new OneResponse(`\0${user}\0${secret}`);
}

/** RFC 7628 3.1. A server that refuses the token says why in a challenge, which is answered by ^A (RFC 7628 3.2.3). */
export function bearerExchange({ user, secret }: SecretOfUser, host: string, port: number): ClientExchange {
  const name = user.replaceAll('=', '=3D').replaceAll(',', '=2C');
  const text = `n,a=${name},\x01host=${host}\x01port=${port}\x01auth=Bearer ${secret}\x01\x01`;
  return new OneResponse(text, Uint8Array.of(1));
}

/** The same before RFC 7628; the challenge of a refusal is answered by an empty line. */
export function xoauth2Exchange({ user, secret }: SecretOfUser): ClientExchange {
  return new OneResponse(`user=${user}\x01auth=Bearer ${secret}\x01\x01`, nothing);
}

/**
 * LOGIN, which no RFC defines: the server asks for the name and then for the password. Its prompts differ from server to server, so their
 * text does not matter, and no server has to bear an initial response.
 */
export function loginExchange({ user, secret }: SecretOfUser): ClientExchange {
  const responses = [user, secret];
  return {
    initial: undefined,
    readsChallenges: false,
    respond: () => {
      const next = responses.shift();
      return next === undefined
        ? { kind: 'cancel', reason: 'the server asks for more than a name and a password' }
        : { kind: 'response', bytes: Buffer.from(next) };
    },
    derived: () => ({ kind: 'cancel', reason: 'nothing was to be derived' }),
    disbelief: () => undefined,
  };
}
