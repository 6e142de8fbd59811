// The client's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): proves that this side knows the password without
// telling it, and demands the same of the server. The costly step, PBKDF2, is left to the caller.
// Promise: a server that does not know the password's secret is not believed when it says that the log-in has succeeded.

import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ClientExchange, ClientStep } from '../../protocol/smtp/client/login-types.ts';

/** What the log-in is bound to. */
export type ClientBinding =
  /** PLUS: a value that the server has, too (RFC 5929, RFC 9266). */
  | { readonly kind: 'bound'; readonly type: string; readonly value: Uint8Array }
  /** This side could bind, and the server does not offer it (RFC 5802 6). A server that does offer it then knows that the list was changed. */
  | { readonly kind: 'not offered' }
  | { readonly kind: 'none' };

/** RFC 7677 4: at least so many iterations. A server that wants fewer makes the password easy to guess for who listens. */
const fewestIterations = 4096;
/** More would keep a processor busy for a tenth of a second. */
const mostIterations = 100_000;
const mostMessageBytes = 4096;
const mostSaltBytes = 1024;
const signatureBytes = 32;
/** RFC 5802 5.1: printable, without a comma. */
const nonceText = /^[\x21-\x2b\x2d-\x7e]{1,1024}$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

type State = 'first' | 'deriving' | 'final' | 'verified' | 'over';

export class ScramClient implements ClientExchange {
  readonly readsChallenges = true;
  readonly initial: Uint8Array;
  readonly #header: string;
  readonly #bare: string;
  readonly #nonce: string;
  readonly #bound: Uint8Array;
  #state: State = 'first';
  #serverFirst = '';
  #fullNonce = '';
  #signature: Buffer | undefined;

  constructor(
    user: string,
    binding: ClientBinding,
    newNonce: () => string = () => randomBytes(18).toString('base64'),
  ) {
    this.#nonce = newNonce();
    // RFC 5802 5: a comma and an equals sign are written otherwise in names.
    const name = user.replaceAll('=', '=3D').replaceAll(',', '=2C');
    // Each byte as one character, as the messages of the server are read: what is signed are bytes.
    const bytes = Buffer.from(name).toString('latin1');
    this.#header = headerOf(binding);
    this.#bound = binding.kind === 'bound' ? binding.value : new Uint8Array(0);
    this.#bare = `n=${bytes},r=${this.#nonce}`;
    this.initial = Buffer.from(this.#header + this.#bare, 'latin1');
  }

  respond(challenge: Uint8Array): ClientStep {
    const state = this.#state;
    this.#state = 'over';
    if (challenge.length > mostMessageBytes) return cancel('a message of SCRAM is too long');
    const text = Buffer.from(challenge).toString('latin1');
    if (state === 'first') return this.#salted(text);
    if (state === 'final') return this.#verify(text);
    return cancel('the server goes on with SCRAM after its end');
  }

  /** RFC 5802 3: the proof. @param key - SaltedPassword */
  derived(key: Uint8Array): ClientStep {
    if (this.#state !== 'deriving') return cancel('nothing was to be derived');
    this.#state = 'final';
    const channel = Buffer.concat([Buffer.from(this.#header), this.#bound]).toString('base64');
    const unproved = `c=${channel},r=${this.#fullNonce}`;
    const message = `${this.#bare},${this.#serverFirst},${unproved}`;
    const clientKey = hmac(key, 'Client Key');
    const signature = hmac(hash('sha256', clientKey, 'buffer'), message);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
    this.#signature = hmac(hmac(key, 'Server Key'), message);
    return { kind: 'response', bytes: Buffer.from(`${unproved},p=${proof.toString('base64')}`, 'latin1') };
  }

  /** RFC 5802 3: the server has to prove that it knows the secret, or anybody could pose as it. */
  disbelief(): string | undefined {
    return this.#state === 'verified'
      ? undefined
      : 'the server has accepted the log-in without a proof that it knows the password';
  }

  /** RFC 5802 5.1: `r=,s=,i=`, and extensions, which are optional unless they are called `m`. */
  #salted(text: string): ClientStep {
    const match = /^r=([^,]*),s=([^,]*),i=([1-9][0-9]{0,9})(?:,.*)?$/s.exec(text);
    if (match === null) return cancel('the first message of the server in SCRAM cannot be read');
    const [, nonce = '', salt = '', count = ''] = match;
    const iterations = Number(count);
    if (!nonceText.test(nonce) || !nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length)
      return cancel('the nonce of the server does not begin with ours, or adds nothing to it');
    if (salt === '' || !base64.test(salt)) return cancel('the salt of the server is not base64');
    if (iterations < fewestIterations || iterations > mostIterations) {
      return cancel(
        `the server wants ${iterations} iterations, and ${fewestIterations} to ${mostIterations} are allowed`,
      );
    }
    const bytes = Buffer.from(salt, 'base64');
    if (bytes.length > mostSaltBytes) return cancel('the salt of the server is too long');
    this.#serverFirst = text;
    this.#fullNonce = nonce;
    this.#state = 'deriving';
    return { kind: 'derive', salt: bytes, iterations };
  }

  #verify(text: string): ClientStep {
    // RFC 5802 5.1: `e=` tells why the log-in fails. The reply says the same.
    if (text.startsWith('e=')) return { kind: 'response', bytes: new Uint8Array(0) };
    const [, told = ''] = /^v=([^,]*)(?:,.*)?$/s.exec(text) ?? [];
    const signature = base64.test(told) ? Buffer.from(told, 'base64') : new Uint8Array(0);
    const expected = this.#signature;
    if (
      signature.length !== signatureBytes ||
      expected === undefined ||
      !timingSafeEqual(signature, expected)
    )
      return cancel('the server could not prove that it knows the password: it may be another one');
    this.#state = 'verified';
    // RFC 4954 4: the signature came in a challenge, which has to be answered before the reply.
    return { kind: 'response', bytes: new Uint8Array(0) };
  }
}

/** RFC 5802 7, gs2-header. */
function headerOf(binding: ClientBinding): string {
  switch (binding.kind) {
    case 'bound':
      return `p=${binding.type},,`;
    case 'not offered':
      return 'y,,';
    case 'none':
      return 'n,,';
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'latin1').digest();
}

function cancel(reason: string): ClientStep {
  return { kind: 'cancel', reason };
}
