// The transport that keeps mail in files of this host: each message once for all of its recipients. Promise: a recipient
// that the message was delivered to before is told of as a loop.

import type { MaildirPlace } from '../../mailbox/maildir/prepared.ts';
import { MaildirWriter } from '../../mailbox/maildir/writer.ts';
import type { RecipientOutcome } from '../../protocol/smtp/client/client-types.ts';
import type { EnvelopeRecipient } from '../../message/envelope.ts';
import type { WayHop } from '../../route/types.ts';
import type { StoredMessage } from '../../spool/types.ts';
import type { ConnectionContext } from '../connection-context.ts';
import { deliveredBefore } from '../local/delivered-before.ts';
import { passedPlaces } from '../local/header-block.ts';
import { diskTurns, inTurn } from '../local/disk-turns.ts';
import { LocalConnection } from '../local/local-connection.ts';
import { failed } from '../pipe/end-outcome.ts';
import { mboxFromLine } from '../pipe/pipe-values.ts';
import { unixLines } from '../local/unix-lines.ts';
import type { TransactionInHand } from '../transaction-in-hand.ts';
import type { ConnectGrant } from '../types.ts';
import { archiveFields } from './archive-fields.ts';
import { addToFile } from './archive-file.ts';
import { mboxLines } from '../../mailbox/mbox/mbox-lines.ts';

const maildirs = new MaildirWriter();

export class ArchiveConnection extends LocalConnection {
  readonly #hop: WayHop<'archive'>;

  constructor(context: ConnectionContext, grant: ConnectGrant, hop: WayHop<'archive'>, onEnded: () => void) {
    super(context, grant, onEnded);
    this.#hop = hop;
  }

  protected override async deliver(
    message: StoredMessage,
    inHand: TransactionInHand,
  ): Promise<readonly RecipientOutcome[]> {
    const own = inHand.message?.envelope ?? message.envelope;
    const passed = await passedPlaces(message);
    // A copy for an archive is no delivery to its recipients.
    const isLooping = ({ address, isCopy }: EnvelopeRecipient): boolean =>
      isCopy !== true && passed.includes(address);
    const kept = own.recipients.filter((recipient) => !isLooping(recipient));
    const outcomes = (outcomeOf: (recipient: number) => RecipientOutcome): readonly RecipientOutcome[] =>
      own.recipients.map((each, recipient) =>
        isLooping(each) ? failed(recipient, ...deliveredBefore(each.address)) : outcomeOf(recipient),
      );
    try {
      const fields = archiveFields(message.envelope, { ...own, recipients: kept });
      const path = kept.length === 0 ? 'nothing' : await this.#keep(message, fields);
      const reply = { code: 250, enhanced: '2.0.0', lines: [`kept in ${path}`], command: 'content' } as const;
      return outcomes((recipient) => ({ recipient, result: 'delivered', reply }));
    } catch (error) {
      // A message that cannot be read from the spool is the caller's.
      if (!(error instanceof Error) || !('syscall' in error)) throw error;
      return outcomes((recipient) => failed(recipient, '4.3.0', `the archive: ${error.message}`));
    }
  }

  #keep(message: StoredMessage, fields: string): Promise<string> {
    const { place } = this.#hop.way;
    const { deadlines, settings } = this.context;
    const nowMs = Date.now();
    const content = message.content === undefined ? message.stream() : [message.content];
    const entry = joined(fields, unixLines(content));
    const limit = { deadlines, limitMs: settings.timeouts.blockMs };
    if (place.kind === 'maildir')
      return diskTurns.run(place.folder, limit, async (turn) => {
        const { path } = await maildirs.add(maildirOf(place.folder), inTurn(entry, turn), nowMs);
        return path;
      });
    const from = mboxFromLine({ sender: message.envelope.reversePath, nowMs });
    const lines = joined(from, mboxLines(entry));
    return diskTurns.run(place.path, limit, (turn) => addToFile(place, inTurn(lines, turn), nowMs));
  }
}

/** Folders are made as far as they are missing, and links to them are the administrator's. */
function maildirOf(folder: string): MaildirPlace {
  return { folder, base: '/', followsLinks: true };
}

async function* joined(first: string, others: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  yield Buffer.from(first);
  yield* others;
}
