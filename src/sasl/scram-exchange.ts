// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): the client proves that it knows the password, and the server that it has
// the secret of it. With PLUS both are bound to the TLS connection, so that nobody between them can pass the exchange on.

import { randomBytes } from 'node:crypto';
import type { Directory } from '../directory/types.ts';
import { type Exchange, isSameName, nameOf, type Step } from './exchange.ts';
import { stepOf } from './password-exchanges.ts';

/** What a connection offers for binding, by type: `tls-exporter` (RFC 9266), `tls-server-end-point` (RFC 5929). */
export interface ChannelBindings {
  readonly isEmpty: boolean;
  get(type: string): Uint8Array | undefined;
}

/** Of a connection that offers nothing to bind to. */
export const noBindings: ChannelBindings = { isEmpty: true, get: () => undefined };

interface FirstMessage {
  /** The GS2 header, byte for byte: the client has to repeat it. */
  readonly header: string;
  /** Without the header. */
  readonly bare: string;
  readonly login: string;
  readonly nonce: string;
  /** Undefined: the client binds nothing. */
  readonly binding: Uint8Array | undefined;
}

type State =
  | { readonly kind: 'first' }
  | {
      readonly kind: 'final';
      readonly first: FirstMessage;
      readonly serverFirst: string;
      readonly nonce: string;
    }
  | { readonly kind: 'believed'; readonly step: Step }
  | { readonly kind: 'over' };

const maxMessageBytes = 4096;
/** RFC 5802 5.1: printable, without a comma. */
const nonceText = /^[\x21-\x2b\x2d-\x7e]{1,512}$/;

export class ScramExchange implements Exchange {
  readonly #directory: Directory;
  readonly #client: string;
  readonly #bindings: ChannelBindings;
  readonly #isPlus: boolean;
  readonly #newNonce: () => string;
  #state: State = { kind: 'first' };

  /**
   * @param client - its IP address; empty for programs of this host
   * @param bindings - of the connection; empty when PLUS is not offered
   * @param isPlus - the client has chosen the mechanism with PLUS
   */
  constructor(
    directory: Directory,
    client: string,
    bindings: ChannelBindings,
    isPlus: boolean,
    newNonce: () => string = () => randomBytes(18).toString('base64'),
  ) {
    this.#directory = directory;
    this.#client = client;
    this.#bindings = bindings;
    this.#isPlus = isPlus;
    this.#newNonce = newNonce;
  }

  respond(response: Uint8Array | undefined): Step | Promise<Step> {
    const state = this.#state;
    this.#state = { kind: 'over' };
    if (state.kind === 'believed') return state.step;
    if (response === undefined) {
      // RFC 4422 5 (2): the client speaks first, so the server asks it to.
      this.#state = state;
      return { kind: 'challenge', bytes: new Uint8Array(0) };
    }
    if (response.length > maxMessageBytes) return malformed('a message of SCRAM is too long');
    if (state.kind === 'first') return this.#start(response);
    if (state.kind === 'final') return this.#finish(Buffer.from(response).toString('latin1'), state);
    return malformed('SCRAM was over');
  }

  async #start(response: Uint8Array): Promise<Step> {
    const first = this.#readFirst(response);
    if ('kind' in first) return first;
    const salt = await this.#directory.startScram(first.login, this.#client);
    if (salt.kind !== 'salt') return stepOf(salt, first.login);
    const nonce = first.nonce + this.#newNonce();
    const serverFirst = `r=${nonce},s=${salt.salt},i=${salt.iterations}`;
    this.#state = { kind: 'final', first, serverFirst, nonce };
    return { kind: 'challenge', bytes: Buffer.from(serverFirst) };
  }

  /** RFC 5802 7: `gs2-header n=name,r=nonce`, and extensions, which are optional unless they are called `m`. */
  #readFirst(response: Uint8Array): FirstMessage | Step {
    const text = Buffer.from(response).toString('utf8');
    const match = /^((n|y|p=([A-Za-z0-9.-]{1,64})),(a=[^,]+)?,)(n=([^,]+),r=([^,]+)(?:,.*)?)$/su.exec(text);
    if (match === null) return malformed('the first message of SCRAM cannot be read');
    const [, header = '', flag = '', type, authorization, bare = '', name = '', nonce = ''] = match;
    // RFC 5802 5: =2C and =3D stand for a comma and an equals sign, and nothing else may follow an equals sign.
    if (/=(?!2C|3D)/.test(name)) return malformed('the user name of SCRAM is not encoded as it must be');
    const login = decodedName(name);
    if (login === undefined || !nonceText.test(nonce)) return malformed('no name or no nonce in SCRAM');
    const hopeless = (reason: string): Step => ({ kind: 'hopeless', login, reason });
    if (authorization !== undefined && !isSameName(decodedName(authorization.slice(2)), login)) {
      return hopeless('it wanted to act as another user');
    }
    if (type !== undefined) {
      const binding = this.#isPlus ? this.#bindings.get(type) : undefined;
      if (binding === undefined)
        return hopeless(`it binds to a channel by ${type}, which is not offered here`);
      return { header, bare, login, nonce, binding };
    }
    if (this.#isPlus) return malformed('SCRAM with PLUS binds to a channel');
    // RFC 5802 6: the client could bind and believes that the server cannot: somebody has taken PLUS out of the list.
    if (flag === 'y' && !this.#bindings.isEmpty)
      return hopeless('the list of mechanisms was changed on the way');
    return { header, bare, login, nonce, binding: undefined };
  }

  async #finish(
    text: string,
    { first, serverFirst, nonce }: State & { readonly kind: 'final' },
  ): Promise<Step> {
    const { header, bare, login, binding } = first;
    const match = /^(c=([A-Za-z0-9+/=]+),r=([^,]+)(?:,[^mp]=.*)?),p=([A-Za-z0-9+/=]+)$/s.exec(text);
    if (match === null) return malformed('the last message of SCRAM cannot be read');
    const [, unproved = '', channel = '', repeated = '', proof = ''] = match;
    const hopeless = (reason: string): Step => ({ kind: 'hopeless', login, reason });
    if (repeated !== nonce) return hopeless('the nonce is not the one that was given');
    const expected = Buffer.concat([Buffer.from(header), binding ?? new Uint8Array(0)]).toString('base64');
    if (channel !== expected) {
      return hopeless(binding === undefined ? 'the header was changed' : 'it is bound to another connection');
    }
    const authMessage = `${bare},${serverFirst},${unproved}`;
    const answer = await this.#directory.finishScram({ login, authMessage, proof }, this.#client);
    if (answer.kind !== 'right') return stepOf(answer, login);
    const { signature, ...right } = answer;
    // RFC 4954 4: the reply for success carries no data, so the signature goes in a challenge, which the client answers emptily.
    this.#state = { kind: 'believed', step: right };
    return { kind: 'challenge', bytes: Buffer.from(`v=${signature}`) };
  }
}

function decodedName(name: string): string | undefined {
  return nameOf(Buffer.from(name.replaceAll('=2C', ',').replaceAll('=3D', '=')));
}

function malformed(reason: string): Step {
  return { kind: 'malformed', reason };
}
