// The error of a channel between two processes of Sluice.

import { SluiceError } from '../errors/sluice-error.ts';

/** The peer sent something that no Sluice process sends. */
export class ChannelError extends SluiceError {
  constructor(what: string) {
    super(
      'CHANNEL_BROKEN',
      `Talking to another Sluice process: ${what}.`,
      'The connection was closed, and a process of Sluice connects again by itself. Look which program has opened the socket; if it was Sluice, report it.',
    );
  }
}
