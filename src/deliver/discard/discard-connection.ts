// The transport that delivers into nothing: every recipient of a message that can be read is delivered, and nothing is kept. The message is
// read at all only for the log, and because a damaged one must not vanish unseen.

import type { RecipientOutcome, RemoteReply } from '../../protocol/smtp/client/client-types.ts';
import type { StoredMessage } from '../../spool/types.ts';
import { LocalConnection } from '../local/local-connection.ts';
import type { TransactionInHand } from '../transaction-in-hand.ts';

const discarded: RemoteReply = { code: 250, enhanced: '2.0.0', lines: ['discarded'], command: 'content' };

export class DiscardConnection extends LocalConnection {
  /** The administrator wants nothing to come of this mail. */
  protected override readonly isSilent = true;

  protected override deliver(_: StoredMessage, { work }: TransactionInHand): readonly RecipientOutcome[] {
    return work.recipients.map((_index, recipient): RecipientOutcome => ({
      recipient,
      result: 'delivered',
      reply: discarded,
    }));
  }
}
