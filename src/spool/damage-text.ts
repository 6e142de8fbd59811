// The last error of a message whose stored form is damaged. It is in the journal with the hold, so that a restart knows
// the message for damaged without another attempt.

/** RFC 3463 4.3.0: a fault of this system, not of the recipient. */
const prefix = '451 4.3.0 the stored message is damaged: ';

export function damageText(why: string): string {
  return `${prefix}${why}`;
}

/** Why a message is damaged, if its last error says so. */
export function damageOf(lastError: string): string | undefined {
  return lastError.startsWith(prefix) ? lastError.slice(prefix.length) : undefined;
}
