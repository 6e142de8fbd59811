// Verifies the ARC chain of one message (RFC 8617 5.2): the newest ARC-Message-Signature, and every seal. That it passes says only that
// its sealers made it; whether one of them is to be believed is for others to decide.

import { type ArcSet, parseChain, type ParsedChain, resultsText } from './arc-set.ts';
import type { BodyHash } from './body-hash.ts';
import type { BodyHashes } from './body-hashes.ts';
import { type Checked, checkSignature, ownField, signedHeader } from './check-signature.ts';
import { canonicalField, type HeaderBlock } from './header-block.ts';
import type { Signature } from './signature.ts';
import { type ArcResult, type KeyAnswers, type KeyQuestion, keyNameOf } from './types.ts';

export class ArcChain {
  /** The keys to look up; a key may be in it more than once. */
  readonly questions: readonly KeyQuestion[];
  readonly #block: HeaderBlock;
  readonly #chain: ParsedChain;
  readonly #hash: BodyHash | undefined;
  readonly #nowSeconds: number;

  /**
   * @param hashes - of the body, which comes afterwards
   * @param nowSeconds - Unix time
   */
  constructor(block: HeaderBlock, hashes: BodyHashes, nowSeconds: number) {
    this.#block = block;
    this.#nowSeconds = nowSeconds;
    this.#chain = parseChain(block);
    if (this.#chain.kind !== 'chain') {
      this.questions = [];
      return;
    }
    const { sets, newest } = this.#chain;
    this.#hash = hashes.want({ canonicalization: newest.bodyCanonicalization, length: newest.bodyLength });
    this.questions = [newest, ...sets.map(({ seal }) => seal)].map(({ selector, domain }) => ({
      selector,
      domain,
    }));
  }

  /** The body has ended. */
  result(answers: KeyAnswers): ArcResult {
    const chain = this.#chain;
    if (chain.kind === 'none') return { ...empty, result: 'none', reason: undefined };
    if (chain.kind === 'fault') return { ...empty, result: 'fail', reason: chain.reason };
    const { sets, newest } = chain;
    const sealers = sets.map(({ seal }) => seal.domain);
    const bad = this.#messageFault(newest, answers) ?? sealFault(sets, answers);
    if (bad === undefined) {
      const last = sets.at(-1);
      const authenticationResults = last === undefined ? '' : resultsText(last.results);
      return { result: 'pass', reason: undefined, sealers, authenticationResults };
    }
    const result = bad.result === 'temperror' ? 'temperror' : 'fail';
    return { result, reason: bad.reason, sealers, authenticationResults: '' };
  }

  /** RFC 8617 5.2 step 4: only the newest one has to verify, since a later hop may have changed the message lawfully. */
  #messageFault(newest: Signature, answers: KeyAnswers): Bad | undefined {
    const hash = this.#hash;
    if (hash === undefined || !hash.digest().equals(newest.bodyHash) || hash.uncoveredBytes !== 0)
      return { result: 'fail', reason: 'the body was changed after the last seal' };
    const { algorithm, domain, value, expiresAt } = newest;
    // RFC 8617 4.1.2: its tags mean what they mean in DKIM.
    if (expiresAt !== undefined && expiresAt < this.#nowSeconds)
      return { result: 'fail', reason: 'the newest ARC-Message-Signature has expired' };
    const bytes = (): Buffer => signedHeader(this.#block, newest);
    const signed = { algorithm, domain, identityHost: domain, value, bytes };
    return badOf(checkSignature(signed, answers.get(keyNameOf(newest))), 'the newest ARC-Message-Signature');
  }
}

interface Bad {
  readonly result: Checked['result'];
  readonly reason: string;
}

const empty = { sealers: [], authenticationResults: '' } as const;

function badOf(checked: Checked, what: string): Bad | undefined {
  if (checked.result === 'pass') return undefined;
  return { result: checked.result, reason: `${what}: ${checked.reason ?? ''}` };
}

/** RFC 8617 5.2 step 6: from the last to the first. */
function sealFault(sets: readonly ArcSet[], answers: KeyAnswers): Bad | undefined {
  for (let count = sets.length; count > 0; count--) {
    const signing = sets.slice(0, count);
    const last = signing.at(-1);
    if (last === undefined) continue;
    const { algorithm, domain, value } = last.seal;
    const signed = {
      algorithm,
      domain,
      identityHost: domain,
      value,
      bytes: () => sealedBytes(signing, last),
    };
    const bad = badOf(checkSignature(signed, answers.get(keyNameOf(last.seal))), `the seal ${count}`);
    if (bad !== undefined) return bad;
  }
  return undefined;
}

/** RFC 8617 5.1.1: all sets to this one, each as results, message signature, seal; relaxed, and the seal itself without its value. */
function sealedBytes(sets: readonly ArcSet[], last: ArcSet): Buffer {
  const parts = sets.flatMap((set) => {
    const fields = [canonicalField('relaxed', set.results), canonicalField('relaxed', set.messageSignature)];
    return set === last ? fields : [...fields, canonicalField('relaxed', set.seal.field)];
  });
  const { field, unsignedText } = last.seal;
  return Buffer.from(
    parts.join('') + ownField('relaxed', field.name, unsignedText, field.valueStart),
    'latin1',
  );
}
