// Writes one message of the queue to a target, octet by octet as it is stored, and its envelope to a file beside it. The
// message may be moved or delivered meanwhile: then its place is looked up again.

import type { Places } from '../config/salvage-places.ts';
import { isSamePlace } from '../spool/types.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { type ChosenMessage, locateAgain } from './export-choice.ts';
import type { ExportTarget, FileTarget } from './export-target.ts';
import { noSuchMessage } from './queue-rows.ts';
import type { StoredMail } from './stored-mail.ts';

/** How often a message is read: it may be moved or delivered between the look-up of its place and the reading. */
const mostReads = 5;

/** The result for one message. */
export interface Exported {
  readonly bytes: number;
  /** Sentences that tell what is damaged or missing. */
  readonly faults: readonly string[];
}

/**
 * Writes a message.
 * @param makeTarget - is called again when the message must be read again
 * @param envelopeFile - gets sender and recipients as JSON
 * @throws {CommandError} `NO_SUCH_MESSAGE` when it has left the queue meanwhile, and what the targets throw
 */
export async function exportMessage(
  config: Places,
  mail: StoredMail,
  chosen: ChosenMessage,
  makeTarget: () => ExportTarget,
  envelopeFile?: FileTarget,
): Promise<Exported> {
  let message = chosen;
  for (let reads = 1; ; reads++) {
    const { envelope, faults, stream } = await mail.salvage(message.queueId, message.ref);
    const target = makeTarget();
    let bytes = 0;
    try {
      for await (const piece of stream()) {
        await target.write(piece);
        bytes += piece.length;
      }
      await target.end();
    } catch (error) {
      await target.discard();
      throw error;
    }
    // Nothing could be read: the message may have been moved or delivered since its place was looked up.
    if (bytes === 0 && faults.length > 0 && message.state !== 'damaged' && reads < mostReads) {
      const current = await locateAgain(config, message);
      if (current === undefined) throw noLongerThere(message.queueId);
      const hasMoved = !isSamePlace(current.ref, message.ref);
      message = current;
      if (hasMoved || current.state === 'damaged') continue;
    }
    if (envelopeFile !== undefined) {
      const { queueId, receivedAtMs, waiting } = message;
      const known = envelope ?? { queueId, receivedAtMs, reversePath: null, recipients: null };
      await envelopeFile.writeWhole(`${JSON.stringify({ ...known, waiting })}\n`);
    }
    return { bytes, faults };
  }
}

function noLongerThere(id: string): CommandError {
  const { code, message, advice } = noSuchMessage(id);
  return new CommandError(exitCodes.failed, code, message, advice);
}
