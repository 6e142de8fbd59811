// What a transaction reports when the spool cannot give its message: a fault of ours, so always a temporary one.

import { damageText } from '../spool/damage-text.ts';
import { isDamage } from '../spool/spool-error.ts';

export interface ReadFailure {
  /** A reply such as a server gives. */
  readonly error: string;
  readonly isDamaged?: true;
}

/** Damage stays; anything else, such as no open file left, may go better next time. */
export function readFailure(error: unknown): ReadFailure {
  const reason = error instanceof Error ? error.message : String(error);
  if (isDamage(error)) return { error: damageText(reason), isDamaged: true };
  // RFC 3463 4.3.0: a fault of this system.
  return { error: `451 4.3.0 ${reason}` };
}
