// The error for a defect in the code around a session: an answer without a question, or a refusal that is not 4xx or 5xx.

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
