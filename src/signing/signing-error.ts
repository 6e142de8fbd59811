// Why mail is not signed now, when it is not to go out without its signature.

import { SluiceError } from '../errors/sluice-error.ts';

/** Always a fault on our side: whoever hands the mail in is told to try again later. */
export class SigningError extends SluiceError {
  constructor(reason: string) {
    super(
      'SIGNING_KEY_UNUSABLE',
      `signing mail: ${reason}`,
      'Correct the file of the key: it is read again within a second. Mail can go unsigned meanwhile with when_unusable = "unsigned".',
    );
  }
}
