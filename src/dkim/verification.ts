// Verifies what one message carries: DKIM signatures, a signature by DomainKeys, and on request its ARC chain. It owns no resolver and no clock:
//
// 1. `new Verification(header, nowSeconds)` reads the signatures, and `questions` says which keys are needed.
// 2. `body(bytes)` takes the body while it comes; the keys are looked up meanwhile.
// 3. `results(answers)` says what became of each signature, from the top of the header.
//
// Promises: the cost is bounded (`limits.ts`), whatever the message is; how the body is cut into pieces changes nothing.

import { ArcChain } from './arc-chain.ts';
import { BodyHashes } from './body-hashes.ts';
import { DomainKey } from './domain-key.ts';
import { DkimSignatures } from './dkim-signatures.ts';
import { HeaderBlock } from './header-block.ts';
import { maxHeaderBytes } from './limits.ts';
import {
  type ArcResult,
  type KeyAnswers,
  type KeyQuestion,
  keyNameOf,
  type SignatureResult,
} from './types.ts';

export interface VerificationOptions {
  /** Is the ARC chain verified? */
  readonly arc?: boolean;
}

export interface VerificationResults {
  /** DKIM's from the top of the header, then that of DomainKeys; none for a message without signatures. */
  readonly signatures: readonly SignatureResult[];
  /** Undefined when the chain was not to be verified. */
  readonly arc: ArcResult | undefined;
}

const tooLarge = `the header is larger than ${maxHeaderBytes / 1024} KiB`;

export class Verification {
  /** The keys to look up, each once. */
  readonly questions: readonly KeyQuestion[];
  readonly #hashes = new BodyHashes();
  readonly #signatures: DkimSignatures | undefined;
  readonly #domainKey: DomainKey | undefined;
  readonly #arc: ArcChain | undefined;
  readonly #isArcWanted: boolean;

  /**
   * @param header - with or without the empty line at its end
   * @param nowSeconds - Unix time
   */
  constructor(header: Uint8Array, nowSeconds: number, { arc = false }: VerificationOptions = {}) {
    this.#isArcWanted = arc;
    if (header.length > maxHeaderBytes) {
      this.questions = [];
      return;
    }
    const block = new HeaderBlock(header);
    this.#signatures = new DkimSignatures(block, this.#hashes, nowSeconds);
    this.#domainKey = DomainKey.of(block);
    if (arc) this.#arc = new ArcChain(block, this.#hashes, nowSeconds);
    const questions = [
      ...this.#signatures.questions,
      ...(this.#domainKey?.questions ?? []),
      ...(this.#arc?.questions ?? []),
    ];
    this.questions = [...new Map(questions.map((question) => [keyNameOf(question), question])).values()];
  }

  /** Does nothing need the body? */
  get ignoresBody(): boolean {
    return this.#hashes.isEmpty && this.#domainKey === undefined;
  }

  /** The next piece of the body. */
  body(bytes: Uint8Array): void {
    this.#hashes.push(bytes);
    this.#domainKey?.body(bytes);
  }

  /** The body has ended. @param answers - to `questions` */
  results(answers: KeyAnswers): VerificationResults {
    if (this.#signatures === undefined) return tooLargeResults(this.#isArcWanted);
    const domainKey = this.#domainKey?.result(answers);
    const signatures = this.#signatures.results(answers);
    if (domainKey !== undefined) signatures.push(domainKey);
    return { signatures, arc: this.#arc?.result(answers) };
  }
}

/** Nothing of such a message was read, so it is not said which signatures it has. */
function tooLargeResults(isArcWanted: boolean): VerificationResults {
  const unread: SignatureResult = {
    method: 'dkim',
    result: 'permerror',
    domain: '',
    selector: '',
    identity: undefined,
    algorithm: '',
    signature: '',
    reason: tooLarge,
    isTesting: false,
  };
  const arc = isArcWanted
    ? ({ result: 'fail', reason: tooLarge, sealers: [], authenticationResults: '' } as const)
    : undefined;
  return { signatures: [unread], arc };
}
