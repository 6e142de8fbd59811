// A defect in the code around a session: an answer that nothing waits for, or one that is no refusal.

import { SluiceError } from '../../../errors/sluice-error.ts';

export class SessionMisuseError extends SluiceError {
  constructor(message: string) {
    super(
      'SMTP_SESSION_MISUSE',
      message,
      'This is a defect in Sluice: please report it with the log of the session.',
    );
  }
}
