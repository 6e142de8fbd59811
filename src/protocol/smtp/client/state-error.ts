// The error for a call that the session's phase does not allow: a defect of the caller, never a fault of the server.

import { SluiceError } from '../../../errors/sluice-error.ts';

/** Code `SMTP_CLIENT_STATE`. */
export class SmtpClientStateError extends SluiceError {
  constructor(call: string, phase: string) {
    super(
      'SMTP_CLIENT_STATE',
      `SMTP client: ${call} was called in phase ${phase}`,
      'This is a fault in Sluice: please report it with the log of this connection.',
    );
  }
}
