// Last refusals as the journal has them: in their text form, or as a line of text, as earlier versions wrote it. Promises: mail of
// such a journal is neither lost nor taken for damaged because of what a server said.

import { damageOf, damageRefusal, localRefusal } from '../message/refusal.ts';
import { decodeRefusal, encodeRefusal, lastRefusalOf, type LastRefusal } from '../message/refusal-form.ts';

/** How a line began that told of damage. */
const damagedBefore = '451 4.3.0 the stored message is damaged: ';
/** How a line ended that a server had said. */
const saidByServer = / \((?:in reply to|greeting of|reply to) [^()]*\)$/;

/**
 * The form of a last refusal that was read. A line of before is kept as it is, as words of nobody: nobody can tell any more
 * what of it a server has said, and which one.
 */
export function readLastRefusal(text: string): LastRefusal {
  const refusal = decodeRefusal(text);
  if (refusal !== undefined) return encodeRefusal(refusal);
  if (text === '') return '';
  if (text.startsWith(damagedBefore) && !saidByServer.test(text)) {
    return encodeRefusal(damageRefusal(text.slice(damagedBefore.length)));
  }
  return encodeRefusal(localRefusal({ during: 'queue', code: 0, enhanced: '', text, permanent: false }));
}

/** Why a message is damaged, if its last refusal says so. It is in the journal with the hold, so that a restart knows it. */
export function lastDamageOf(form: LastRefusal): string | undefined {
  const refusal = lastRefusalOf(form);
  return refusal === undefined ? undefined : damageOf(refusal);
}
