// Why a sender cannot be rewritten now.

import { SluiceError } from '../errors/sluice-error.ts';

/** Always a fault on our side: the mail waits, and mail to our SRS addresses is to be sent again later. */
export class SrsError extends SluiceError {
  constructor(reason: string) {
    super(
      'SRS_SECRET_MISSING',
      `rewriting the sender (SRS): ${reason}`,
      'Correct secret_file of [srs]; it is read again within five seconds. "sluice srs check" says what is wrong with it.',
    );
  }
}
