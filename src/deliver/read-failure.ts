// What a transaction reports when the spool cannot give its message: a fault of ours, so always a temporary one.

import { damageRefusal, localFault, type Refusal } from '../message/refusal.ts';
import { isDamage } from '../spool/spool-error.ts';

/** Damage stays, so that another attempt cannot go better; anything else, such as no open file left, may next time. */
export function readFailure(error: unknown): Refusal {
  const text = error instanceof Error ? error.message : String(error);
  return isDamage(error) ? damageRefusal(text) : localFault('storage', text);
}
