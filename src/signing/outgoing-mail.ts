// The side of signing that has no keys: hashes the body of one message while it comes, and asks for the signatures of its header as it
// leaves. Promises: a message for which no key is meant costs no question.

import type { BodyHash } from '../dkim/body-hash.ts';
import { BodyHashes } from '../dkim/body-hashes.ts';
import { HeaderBlock } from '../dkim/header-block.ts';
import { type BodyPieces, domainKeyDigest } from '../dkim/sign-domain-key.ts';
import { domainOf } from '../address/domain.ts';
import { parseAddressList } from '../message/address-list.ts';
import type { SigningRules } from './signing-rules.ts';
import { SigningError } from './signing-error.ts';
import type { MailFacts, RoutesOf, Signer } from './types.ts';

/** What a process needs to have its mail signed. */
export interface Signing {
  readonly rules: SigningRules;
  readonly signer: Signer;
  /** Undefined where no key is for a route. */
  readonly routesOf?: RoutesOf | undefined;
}

/** Where a message comes from and goes to, as it is when its body has ended. */
export interface MailOrigin extends Omit<MailFacts, 'author' | 'routes'> {
  readonly reversePath: () => string;
  readonly recipients: () => readonly string[];
}

/** The signatures of a message, and the keys that made them. */
export interface SignedMail {
  /** Header fields; empty when no key is meant for it. */
  readonly fields: Uint8Array;
  /** The names under which the keys are published. */
  readonly by: readonly string[];
  /** Why it is not signed, although it should be. */
  readonly unsigned: string | undefined;
}

const nothing: SignedMail = { fields: new Uint8Array(0), by: [], unsigned: undefined };

export class OutgoingMail {
  readonly #signing: Signing;
  readonly #origin: MailOrigin;
  #hashes = new BodyHashes();
  #relaxed: BodyHash | undefined;
  #simple: BodyHash | undefined;

  constructor(signing: Signing, origin: MailOrigin) {
    this.#signing = signing;
    this.#origin = origin;
    this.#begin();
  }

  /** The next piece of the body. */
  body(bytes: Uint8Array): void {
    this.#hashes.push(bytes);
  }

  /** The body is another one. */
  async replaceBody(body: BodyPieces): Promise<void> {
    this.#begin();
    for await (const piece of body) this.body(piece);
  }

  /**
   * The body has ended.
   *
   * @param header - all of it, as it leaves
   * @param read - reads the body once more. It is called only for a key with DomainKeys, which hash the header before the body.
   * @throws {SigningError} when a key cannot be used now, and the message is not to go without its signature
   */
  async sign(header: Uint8Array, read: () => BodyPieces): Promise<SignedMail> {
    const { routesOf, rules, signer } = this.#signing;
    const block = new HeaderBlock(header);
    const author = authorOf(block);
    const { tenant, user, reversePath, recipients } = this.#origin;
    const routes = routesOf?.(reversePath(), recipients()) ?? [];
    const facts = { author, tenant, user, routes };
    const chosen = author === '' ? [] : rules.choose(facts);
    if (chosen.length === 0) return nothing;
    const fields = block.fields.filter(({ name }) => rules.signedNames.has(name));
    const hasDomainKeys = chosen.some(({ rule }) => rule.domainKeys);
    const digest = hasDomainKeys ? await domainKeyDigest(fields, read()) : undefined;
    const answer = await signer.sign({
      ...facts,
      header: fields.map(({ text }) => text).join(''),
      bodyHashes: { simple: shown(this.#simple), relaxed: shown(this.#relaxed) },
      domainKeyDigest: digest?.toString('base64'),
    });
    if (answer.kind === 'failing') throw new SigningError(answer.reason);
    if (answer.kind === 'unsigned') return { ...nothing, unsigned: answer.reason };
    return { fields: Buffer.from(answer.fields, 'latin1'), by: answer.by, unsigned: undefined };
  }

  #begin(): void {
    this.#hashes = new BodyHashes();
    const { bodyForms } = this.#signing.rules;
    const want = (canonicalization: 'simple' | 'relaxed'): BodyHash | undefined =>
      bodyForms.includes(canonicalization)
        ? this.#hashes.want({ canonicalization, length: undefined })
        : undefined;
    this.#simple = want('simple');
    this.#relaxed = want('relaxed');
  }
}

function shown(hash: BodyHash | undefined): string | undefined {
  return hash?.digest().toString('base64');
}

/** The domain of the first address in the From field, as lower-case A-labels; empty when there is none. */
function authorOf(block: HeaderBlock): string {
  const [from] = block.named('from');
  if (from === undefined) return '';
  const value = Buffer.from(from.text.slice(from.valueStart), 'latin1').toString('utf8');
  // A name without a domain is of no domain that could have a key.
  const [address = ''] = parseAddressList(value, '').addresses;
  return domainOf(address);
}
