// Signs mail with the keys that are meant for it. The signature itself is made on a thread of its own, so that thousands of messages
// hold up nobody; and what is signed is made here, from header fields, so that nobody can have something else signed with a key. The exception
// are keys with DomainKeys: they also sign SHA-1 digests that are given, and nothing else (docs/dkim.md says why).

import { constants, privateEncrypt } from 'node:crypto';
import { HeaderBlock } from '../dkim/header-block.ts';
import { keyNameOf } from '../dkim/types.ts';
import { prepareSignature } from '../dkim/prepare-signature.ts';
import { prepareDomainKey } from '../dkim/sign-domain-key.ts';
import type { Logger } from '../log/logger.ts';
import type { Troubles } from '../stats/troubles.ts';
import { KeyReports } from './key-reports.ts';
import type { KeyStore } from './key-store.ts';
import type { PrivateKey } from './private-key.ts';
import type { SignatureDesk } from './signature-desk.ts';
import type { ChosenKey, SigningRules } from './signing-rules.ts';
import type { Signer, SigningAnswer, SigningRequest } from './types.ts';

export interface MailSignerParts {
  readonly keys: KeyStore;
  readonly desk: Pick<SignatureDesk, 'sign' | 'close'>;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
  /** Unix ms. */
  readonly dateMs: () => number;
}

/** What came of one key. */
type Outcome =
  | { readonly kind: 'field'; readonly field: string; readonly by: string }
  /** The author's domain has no such key. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unusable'; readonly reason: string; readonly isRequired: boolean };

export class MailSigner implements Signer {
  readonly #parts: MailSignerParts;
  readonly #reports: KeyReports;
  #rules: SigningRules;

  constructor(rules: SigningRules, parts: MailSignerParts) {
    this.#rules = rules;
    this.#parts = parts;
    this.#reports = new KeyReports(parts);
  }

  configure(rules: SigningRules): void {
    this.#rules = rules;
    this.#parts.keys.clear();
    this.#reports.forget();
  }

  /** The end of the role: what it has raised is over, and what is being signed fails. */
  stop(): void {
    this.#parts.desk.close();
    this.#reports.forget();
  }

  async sign(request: SigningRequest): Promise<SigningAnswer> {
    const chosen = this.#rules.choose(request);
    const block = new HeaderBlock(Buffer.from(request.header, 'latin1'));
    // RFC 6376 5.4: a message without From cannot be signed.
    if (block.count('from') === 0) return { kind: 'unsigned', reason: 'it has no From field' };
    const outcomes = await Promise.all(chosen.map((key) => this.#signWith(key, block, request)));
    return answerOf(outcomes);
  }

  async #signWith(chosen: ChosenKey, block: HeaderBlock, request: SigningRequest): Promise<Outcome> {
    const { rule, path, domain, isOptional } = chosen;
    const isRequired = rule.whenUnusable === 'tempfail';
    const stored = await this.#stored(chosen);
    if (stored.kind === 'absent' && isOptional) return { kind: 'none' };
    if (stored.kind !== 'key') {
      const reason = stored.kind === 'absent' ? 'it does not exist' : stored.reason;
      this.#reports.unusable(path, reason, isRequired);
      return { kind: 'unusable', reason: `the key in ${path} cannot be used: ${reason}`, isRequired };
    }
    this.#reports.usable(path, stored.warnings);
    const { key } = stored;
    const bodyHash = request.bodyHashes[rule.bodyCanonicalization];
    // The configuration of who asks is older or newer than the one here. Another try finds the same on both sides.
    if (bodyHash === undefined || (rule.domainKeys && request.domainKeyDigest === undefined))
      return { kind: 'unusable', reason: 'the configuration is being reloaded', isRequired };
    const form = { ...rule, domain, algorithm: key.algorithm };
    const prepared = prepareSignature(
      block,
      Buffer.from(bodyHash, 'base64'),
      form,
      Math.floor(this.#parts.dateMs() / 1000),
    );
    try {
      const domainKey = domainKeyOf(chosen, block, request, key);
      const field = prepared.field(await this.#parts.desk.sign(prepared.bytes, key)).toString('latin1');
      return { kind: 'field', field: domainKey + field, by: keyNameOf(form) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#reports.unusable(path, reason, isRequired);
      return { kind: 'unusable', reason: `the key in ${path} cannot be used: ${reason}`, isRequired };
    }
  }

  /** The file as it is configured; with a `%` in its path, also with the ending that keys of qmail may have. */
  async #stored({ path, isOptional }: ChosenKey) {
    const stored = await this.#parts.keys.get(path);
    return stored.kind === 'absent' && isOptional ? this.#parts.keys.get(`${path}.private`) : stored;
  }
}

/** The field of DomainKeys; empty when there is to be none. They know keys with RSA only. */
function domainKeyOf(
  { rule, domain }: ChosenKey,
  block: HeaderBlock,
  { domainKeyDigest = '' }: SigningRequest,
  { key, algorithm }: PrivateKey,
): string {
  if (!rule.domainKeys || algorithm !== 'rsa-sha256') return '';
  const question = { domain, selector: rule.selector };
  const prepared = prepareDomainKey(block.fields, Buffer.from(domainKeyDigest, 'base64'), question);
  if (prepared === undefined) return '';
  // Made at once: Node has no operation on another thread for a digest that is made already.
  const signature = privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, prepared.bytes);
  return prepared.field(signature).toString('latin1');
}

function answerOf(outcomes: readonly Outcome[]): SigningAnswer {
  const fields: string[] = [];
  const by: string[] = [];
  let reason: string | undefined;
  for (const outcome of outcomes) {
    if (outcome.kind === 'unusable') {
      if (outcome.isRequired) return { kind: 'failing', reason: outcome.reason };
      reason ??= outcome.reason;
    } else if (outcome.kind === 'field') {
      fields.push(outcome.field);
      by.push(outcome.by);
    }
  }
  return fields.length > 0 ? { kind: 'signed', fields: fields.join(''), by } : { kind: 'unsigned', reason };
}
