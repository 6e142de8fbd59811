// A verification with its look-ups: the keys are asked for as soon as the header is there, while the body comes.

import { type KeyAnswers, type KeyQuestion, keyNameOf, type LookUpKey } from './types.ts';
import { Verification, type VerificationOptions, type VerificationResults } from './verification.ts';

export interface Verifier {
  /** The next piece of the body. */
  body(bytes: Uint8Array): void;
  /** The body has ended. Never rejects, unless a look-up does. */
  end(): Promise<VerificationResults>;
}

/**
 * @param header - with or without the empty line at its end
 * @param nowSeconds - Unix time
 */
export function startVerifying(
  header: Uint8Array,
  nowSeconds: number,
  lookUpKey: LookUpKey,
  options: VerificationOptions = {},
): Verifier {
  const verification = new Verification(header, nowSeconds, options);
  const answers = lookUpKeys(verification.questions, lookUpKey);
  return {
    body: (bytes) => verification.body(bytes),
    end: async () => verification.results(await answers),
  };
}

/** Looks up all keys at once. */
async function lookUpKeys(questions: readonly KeyQuestion[], lookUpKey: LookUpKey): Promise<KeyAnswers> {
  const answers = await Promise.all(
    questions.map(async (question) => [keyNameOf(question), await lookUpKey(question)] as const),
  );
  return new Map(answers);
}
