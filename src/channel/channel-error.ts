// The error of a channel between two roles.

import { SluiceError } from '../errors/sluice-error.ts';

/** A channel between two roles carried something that cannot be. */
export class ChannelError extends SluiceError {
  constructor(what: string) {
    super(
      'CHANNEL_BROKEN',
      `Talking to another Sluice process: ${what}.`,
      'Restart Sluice; if it happens again, report it.',
    );
  }
}
