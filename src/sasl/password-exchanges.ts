// Mechanisms in which the client sends the password itself: PLAIN (RFC 4616) and LOGIN, which Outlook and old devices know.

import type { Directory, LoginAnswer } from '../directory/types.ts';
import { type Exchange, type ExchangeFacts, isSameName, nameOf, passwordOf, type Step } from './exchange.ts';

const empty = new Uint8Array(0);

/** `authzid NUL authcid NUL password`; without an initial response the server sends an empty challenge. */
export class PlainExchange implements Exchange {
  readonly #directory: Directory;
  readonly #facts: ExchangeFacts;

  constructor(directory: Directory, facts: ExchangeFacts) {
    this.#directory = directory;
    this.#facts = facts;
  }

  respond(response: Uint8Array | undefined): Step | Promise<Step> {
    if (response === undefined) return { kind: 'challenge', bytes: empty };
    const first = response.indexOf(0);
    const second = response.indexOf(0, first + 1);
    if (first === -1 || second === -1) return malformed('PLAIN is two names and a password');
    const authorization = response.subarray(0, first);
    const login = nameOf(response.subarray(first + 1, second));
    const password = passwordOf(response.subarray(second + 1));
    if (login === undefined || password === undefined) return malformed('no name or no password in PLAIN');
    if (authorization.length > 0 && !isSameName(nameOf(authorization), login)) {
      return { kind: 'hopeless', login, reason: 'it wanted to act as another user' };
    }
    return checked(this.#directory, this.#facts, login, password);
  }
}

/** The prompts are read by clients, some of which take no other (Outlook, .NET). */
const userPrompt = Buffer.from('Username:');
const passwordPrompt = Buffer.from('Password:');

/** User name and password, one after the other; the name may come with the command. */
export class LoginExchange implements Exchange {
  readonly #directory: Directory;
  readonly #facts: ExchangeFacts;
  #login: string | undefined;

  constructor(directory: Directory, facts: ExchangeFacts) {
    this.#directory = directory;
    this.#facts = facts;
  }

  respond(response: Uint8Array | undefined): Step | Promise<Step> {
    if (response === undefined) return { kind: 'challenge', bytes: userPrompt };
    if (this.#login === undefined) {
      this.#login = nameOf(response);
      return this.#login === undefined
        ? malformed('LOGIN needs a user name')
        : { kind: 'challenge', bytes: passwordPrompt };
    }
    const password = passwordOf(response);
    if (password === undefined) return malformed('LOGIN needs a password');
    return checked(this.#directory, this.#facts, this.#login, password);
  }
}

async function checked(
  directory: Directory,
  facts: ExchangeFacts,
  login: string,
  password: string,
): Promise<Step> {
  return stepOf(await directory.checkPassword({ login, password, ...facts }), login);
}

/** What an answer of the directory means for the exchange. */
export function stepOf(answer: LoginAnswer, login: string): Step {
  return answer.kind === 'wrong' || answer.kind === 'banned' ? { ...answer, login } : answer;
}

function malformed(reason: string): Step {
  return { kind: 'malformed', reason };
}
