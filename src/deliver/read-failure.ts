// Makes the refusal for a message that cannot be read from the spool: a fault of this system, so always a temporary one.

import { damageRefusal, localFault, type Refusal } from '../message/refusal.ts';
import { isDamage } from '../spool/spool-error.ts';
import { SrsError } from '../srs/srs-error.ts';

/** Damage is told apart: another attempt cannot help. Other errors, such as too many open files, may be over the next time. */
export function readFailure(error: unknown): Refusal {
  // It was read, and is not to go out under the sender that it has.
  if (error instanceof SrsError) return localFault('routing', error.message);
  const text = error instanceof Error ? error.message : String(error);
  return isDamage(error) ? damageRefusal(text) : localFault('storage', text);
}
