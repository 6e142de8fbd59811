// Reads last refusals from the journal: their text form, or the line of text that earlier versions wrote. No text of a
// server in such a line can make a message count as damaged.

import { damageOf, damageRefusal, localRefusal } from '../../message/refusal.ts';
import { decodeRefusal, encodeRefusal, lastRefusalOf, type LastRefusal } from '../../message/refusal-form.ts';

/** Earlier versions began a line about damage with this text. */
const damageLinePrefix = '451 4.3.0 the stored message is damaged: ';
/** Earlier versions ended a line with the text of a server like this, whatever the server's name. */
const saidByServer = / \((?:in reply to|greeting of|reply to) .*\)$/;
/** Earlier versions cut lines at this length, so that the end of a server's text may be missing. Lines about damage are shorter. */
const earlierMaxCharacters = 1000;

/**
 * Returns the text form of a last refusal. A line of an earlier version is kept as the text of a local refusal, because
 * it does not tell reliably which server said what.
 */
export function readLastRefusal(text: string): LastRefusal {
  const refusal = decodeRefusal(text);
  if (refusal !== undefined) return encodeRefusal(refusal);
  if (text === '') return '';
  if (isDamageLine(text)) {
    return encodeRefusal(damageRefusal(text.slice(damageLinePrefix.length)));
  }
  return encodeRefusal(localRefusal({ during: 'queue', code: 0, enhanced: '', text, permanent: false }));
}

function isDamageLine(text: string): boolean {
  return text.startsWith(damageLinePrefix) && text.length < earlierMaxCharacters && !saidByServer.test(text);
}

/** Why a message is damaged, if its last refusal says so. A restart knows from this which held messages are damaged. */
export function lastDamageOf(form: LastRefusal): string | undefined {
  const refusal = lastRefusalOf(form);
  return refusal === undefined ? undefined : damageOf(refusal);
}
