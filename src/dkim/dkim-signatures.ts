// The DKIM signatures of one message (RFC 6376 6, RFC 8301, RFC 8463): which keys and which hashes of the body they need, and then what
// became of each. Owns no resolver and no clock.

import type { BodyHash } from './body-hash.ts';
import type { BodyHashes } from './body-hashes.ts';
import { checkSignature, signedHeader } from './check-signature.ts';
import type { HeaderBlock, RawField } from './header-block.ts';
import { maxSignatures } from './limits.ts';
import { parseSignature, type Signature, type SignatureFacts } from './signature.ts';
import { type KeyAnswers, type KeyQuestion, keyNameOf, type SignatureResult } from './types.ts';

interface Outcome {
  readonly result: SignatureResult['result'];
  readonly reason?: string | undefined;
  readonly isTesting?: boolean;
}

/** A signature: judged already, or still to be checked. */
type Case =
  | { readonly kind: 'judged'; readonly facts: SignatureFacts; readonly outcome: Outcome }
  | { readonly kind: 'open'; readonly signature: Signature; readonly hash: BodyHash };

const noFacts: SignatureFacts = {
  domain: '',
  selector: '',
  identity: undefined,
  algorithmText: '',
  valueText: '',
};

export class DkimSignatures {
  /** The keys to look up; a key may be in it more than once. */
  readonly questions: readonly KeyQuestion[];
  readonly #block: HeaderBlock;
  readonly #cases: readonly Case[];

  /**
   * @param hashes - of the body, which comes afterwards
   * @param nowSeconds - Unix time
   */
  constructor(block: HeaderBlock, hashes: BodyHashes, nowSeconds: number) {
    this.#block = block;
    this.#cases = casesOf(block, hashes, nowSeconds);
    this.questions = this.#cases.flatMap((each) =>
      each.kind === 'open' ? [questionOf(each.signature)] : [],
    );
  }

  /** The body has ended. @param answers - to `questions` */
  results(answers: KeyAnswers): SignatureResult[] {
    const judged = this.#cases.map((each) =>
      each.kind === 'judged'
        ? each
        : { facts: each.signature, outcome: outcomeOf(this.#block, each.signature, each.hash, answers) },
    );
    const values = judged.map(({ facts }) => shownValue(facts));
    return judged.map(({ facts, outcome }, index) => ({
      method: 'dkim',
      result: outcome.result,
      domain: facts.domain,
      selector: facts.selector,
      identity: facts.identity,
      algorithm: shownAlgorithm(facts),
      signature: shortest(values[index] ?? '', values),
      reason: outcome.reason,
      isTesting: outcome.isTesting ?? false,
    }));
  }
}

function casesOf(block: HeaderBlock, hashes: BodyHashes, nowSeconds: number): Case[] {
  const fields = block.named('dkim-signature');
  const cases = fields.slice(0, maxSignatures).map((field) => caseOf(field, hashes, nowSeconds));
  const left = fields.length - cases.length;
  if (left > 0) {
    const outcome = { result: 'permerror', reason: `${left} more signatures were not looked at` } as const;
    cases.push({ kind: 'judged', facts: noFacts, outcome });
  }
  return cases;
}

function caseOf(field: RawField, hashes: BodyHashes, nowSeconds: number): Case {
  const parsed = parseSignature(field);
  if (parsed.kind === 'fault') return { kind: 'judged', facts: parsed.facts, outcome: parsed.fault };
  const { signature } = parsed;
  if (signature.expiresAt !== undefined && signature.expiresAt < nowSeconds)
    return { kind: 'judged', facts: signature, outcome: { result: 'fail', reason: 'it has expired' } };
  const { bodyCanonicalization: canonicalization, bodyLength: length } = signature;
  return { kind: 'open', signature, hash: hashes.want({ canonicalization, length }) };
}

function questionOf({ selector, domain }: Signature): KeyQuestion {
  return { selector, domain };
}

function outcomeOf(block: HeaderBlock, signature: Signature, hash: BodyHash, answers: KeyAnswers): Outcome {
  // The body goes first: when it was changed, no key can help.
  const isSameBody = hash.digest().equals(signature.bodyHash);
  if (hash.uncoveredBytes < 0) return { result: 'permerror', reason: 'the body is shorter than l= says' };
  if (!isSameBody) return { result: 'fail', reason: 'the body was changed' };
  const { algorithm, domain, value, identity } = signature;
  const identityHost = identity?.slice(identity.lastIndexOf('@') + 1).toLowerCase() ?? domain;
  const bytes = (): Buffer => signedHeader(block, signature);
  const checked = checkSignature(
    { algorithm, domain, identityHost, value, bytes },
    answers.get(keyNameOf(signature)),
  );
  // RFC 6376 8.2: anybody can add what l= does not cover, so a signature that leaves out a part proves nothing about the message.
  if (checked.result === 'pass' && hash.uncoveredBytes > 0)
    return { result: 'policy', reason: 'it leaves out the end of the body', isTesting: checked.isTesting };
  return checked;
}

function shownAlgorithm({ algorithmText }: SignatureFacts): string {
  return /^[A-Za-z0-9-]{1,40}$/.test(algorithmText) ? algorithmText : '';
}

function shownValue({ valueText }: SignatureFacts): string {
  return /^[A-Za-z0-9+/=]*$/.test(valueText) ? valueText : '';
}

/** RFC 6008 3: at least eight characters, and as many as tell it from the others. */
function shortest(value: string, all: readonly string[]): string {
  let length = 8;
  while (
    length < value.length &&
    all.some((other) => other !== value && other.startsWith(value.slice(0, length)))
  )
    length++;
  return value.slice(0, length);
}
