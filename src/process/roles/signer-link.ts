// Signs mail for a process that has no keys: asks the keys process over a link. Promises: every question ends; when it is not answered, as the
// keys that it is about say.

import type { Config } from '../../config/config.ts';
import { type SigningSet, signingOperations } from '../../control/operations/signing.ts';
import { hasSigningKeys, signingRules } from '../../settings/signing.ts';
import { signingRoutes } from '../../settings/signing-routes.ts';
import type { Signing } from '../../signing/outgoing-mail.ts';
import { SigningRules } from '../../signing/signing-rules.ts';
import type { RoutesOf, SigningAnswer, SigningRequest } from '../../signing/types.ts';
import { KeysCalls, type MakeKeysLink } from './keys-calls.ts';

export class SignerLink implements Signing {
  readonly signer = { sign: (request: SigningRequest) => this.#sign(request) };
  readonly #calls: KeysCalls<SigningSet>;
  #rules = new SigningRules([]);
  #routesOf: RoutesOf | undefined;

  constructor(makeLink: MakeKeysLink) {
    this.#calls = new KeysCalls(signingOperations, makeLink, 'there is no [[signing_key]]');
  }

  get rules(): SigningRules {
    return this.#rules;
  }

  get routesOf(): RoutesOf | undefined {
    return this.#routesOf;
  }

  /** Connects when the configuration has keys, and only then. */
  configure(config: Pick<Config, 'signingKey' | 'route' | 'credential'>): void {
    this.#rules = signingRules(config);
    this.#routesOf = signingRoutes(config);
    this.#calls.configure(hasSigningKeys(config));
  }

  close(): void {
    this.#calls.close();
  }

  async #sign(request: SigningRequest): Promise<SigningAnswer> {
    const rules = this.#rules;
    const answer = await this.#calls.ask('sign-mail', request);
    if (answer.kind !== 'failing') return answer;
    const isRequired = rules.choose(request).some(({ rule }) => rule.whenUnusable === 'tempfail');
    return isRequired ? answer : { kind: 'unsigned', reason: answer.reason };
  }
}
