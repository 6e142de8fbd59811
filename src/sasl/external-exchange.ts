// EXTERNAL (RFC 4422 appendix A): the client has proved already who it is, by its certificate in TLS, and says at most as whom of those that the
// certificate names it wants to act.

import type { Directory } from '../directory/types.ts';
import { type Exchange, type ExchangeFacts, nameOf, type Step } from './exchange.ts';
import { stepOf } from './password-exchanges.ts';

export class ExternalExchange implements Exchange {
  readonly #directory: Directory;
  readonly #client: string;
  readonly #names: readonly string[];

  /** @param names - addresses in the certificate of the client, which is valid */
  constructor(directory: Directory, { client }: ExchangeFacts, names: readonly string[]) {
    this.#directory = directory;
    this.#client = client;
    this.#names = names;
  }

  respond(response: Uint8Array | undefined): Step | Promise<Step> {
    // RFC 4422 A.1: without a response, the server asks for one by an empty challenge.
    if (response === undefined) return { kind: 'challenge', bytes: new Uint8Array(0) };
    // An empty name: as whom the certificate says.
    const login = response.length === 0 ? '' : nameOf(response);
    if (login === undefined) return { kind: 'malformed', reason: 'the user name of EXTERNAL cannot be read' };
    return this.#check(login);
  }

  async #check(login: string): Promise<Step> {
    const asked = { login, names: this.#names, client: this.#client };
    return stepOf(await this.#directory.checkCertificate(asked), login);
  }
}
