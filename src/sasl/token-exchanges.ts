// Mechanisms in which the client sends a token of OAuth 2: OAUTHBEARER (RFC 7628), and XOAUTH2, which Google and Microsoft have and older clients
// know. In both, a refusal comes with an explanation for the client, which it answers before it gets the reply.

import type { Directory } from '../directory/types.ts';
import { type Exchange, type ExchangeFacts, nameOf, type Step } from './exchange.ts';
import { stepOf } from './password-exchanges.ts';

/** What clients are told about tokens that would be taken; undefined: nothing. */
export interface TokenHints {
  /** With spaces between them. */
  readonly scope: string | undefined;
  /** Where the issuer says how to get a token (OpenID Connect Discovery). */
  readonly discovery: string | undefined;
}

export const noHints: TokenHints = { scope: undefined, discovery: undefined };

/** RFC 4954 4: no line is longer, so no token is. */
const maxMessageBytes = 12_288;
/** RFC 6750 2.1: b64token. */
const tokenText = /^[A-Za-z0-9._~+/-]+=*$/;
/** RFC 7628 3.1: key/value pairs end in this byte. */
const separator = '\x01';

interface TokenMessage {
  /** Empty: the token says it. */
  readonly login: string;
  /** Empty: the client asks what a token has to be like (RFC 7628 4.3). */
  readonly token: string;
}

/** How a mechanism writes its messages. */
interface TokenForm {
  /** Reads the message of the client. */
  readonly read: (text: string) => TokenMessage | Step;
  /** The explanation of a refusal. */
  readonly explain: (hints: TokenHints) => Readonly<Record<string, string | undefined>>;
}

export class TokenExchange implements Exchange {
  readonly #directory: Directory;
  readonly #client: string;
  readonly #form: TokenForm;
  readonly #hints: TokenHints;

  constructor(directory: Directory, { client }: ExchangeFacts, form: TokenForm, hints: TokenHints) {
    this.#directory = directory;
    this.#client = client;
    this.#form = form;
    this.#hints = hints;
  }

  respond(response: Uint8Array | undefined): Step | Promise<Step> {
    // RFC 4422 5 (2): the client speaks first, so the server asks it to.
    if (response === undefined) return { kind: 'challenge', bytes: new Uint8Array(0) };
    if (response.length > maxMessageBytes) return malformed('the message with the token is too long');
    const message = this.#form.read(Buffer.from(response).toString('utf8'));
    if ('kind' in message) return message;
    const { login, token } = message;
    if (token === '') return this.#explained({ kind: 'wrong', login, reason: 'there was no token' });
    return this.#check(message);
  }

  async #check({ login, token }: TokenMessage): Promise<Step> {
    const answer = await this.#directory.checkToken({ login, token, client: this.#client });
    return this.#explained(stepOf(answer, login));
  }

  #explained(step: Step): Step {
    if (step.kind !== 'wrong') return step;
    return { ...step, challenge: Buffer.from(JSON.stringify(this.#form.explain(this.#hints))) };
  }
}

/** OAUTHBEARER, RFC 7628 3.1: a GS2 header, then pairs of a key and a value, and an empty one. */
export const oauthBearer: TokenForm = {
  read: (text) => {
    const match = /^[ny],(?:a=([^,\x01]+))?,\x01((?:[A-Za-z]+=[^\x01]*\x01)*)\x01$/u.exec(text);
    if (match === null) return malformed('the message of OAUTHBEARER cannot be read');
    const [, name, pairs = ''] = match;
    // RFC 5801 4: =2C and =3D stand for a comma and an equals sign, and nothing else may follow an equals sign.
    if (name !== undefined && /=(?!2C|3D)/.test(name))
      return malformed('the user name of OAUTHBEARER is not encoded as it must be');
    return messageOf(name?.replaceAll('=2C', ',').replaceAll('=3D', '='), pairs);
  },
  /** RFC 7628 3.2.2. */
  explain: ({ scope, discovery }) => ({
    status: 'invalid_token',
    scope,
    'openid-configuration': discovery,
  }),
};

/** XOAUTH2, as Google and Microsoft describe it. */
export const xoauth2: TokenForm = {
  read: (text) => {
    const match = /^user=([^\x01]+)\x01(auth=[^\x01]*\x01)\x01$/u.exec(text);
    if (match === null) return malformed('the message of XOAUTH2 cannot be read');
    return messageOf(match[1], match[2] ?? '');
  },
  explain: ({ scope }) => ({ status: '401', schemes: 'bearer', scope }),
};

function messageOf(name: string | undefined, pairs: string): TokenMessage | Step {
  const login = name === undefined ? '' : nameOf(Buffer.from(name));
  if (login === undefined) return malformed('the user name beside the token cannot be read');
  // RFC 7628 3.1: the host and the port say nothing that is not known here.
  const values = pairs.split(separator).filter((pair) => pair.toLowerCase().startsWith('auth='));
  const [first] = values;
  if (first === undefined || values.length > 1) return malformed('there must be one token');
  const credentials = first.slice('auth='.length);
  // RFC 6750 2.1; RFC 9110 11.1: the name of the scheme is in any case.
  const match = /^(?:bearer *(.*))?$/isu.exec(credentials);
  const token = match?.[1] ?? '';
  if (match === null) return malformed('only bearer tokens are taken');
  if (token !== '' && !tokenText.test(token)) return malformed('the token has characters that no token has');
  return { login, token };
}

function malformed(reason: string): Step {
  return { kind: 'malformed', reason };
}
