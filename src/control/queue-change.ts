// A change of the queue, piece by piece: deliveries go on between the pieces, a message is never split over two of them, and
// what could not be stored is said of all of them together.

import { ControlError } from './control-error.ts';
import type { ChangeResult, ChosenRecipient } from './queue-source.ts';

/** Recipients changed at once, or those of one message if it has more. */
const changePiece = 500;

/** @param messages - each with its recipients: what is given up together is told in one report */
export function* changePieces(
  messages: readonly (readonly ChosenRecipient[])[],
): Generator<readonly ChosenRecipient[]> {
  let piece: ChosenRecipient[] = [];
  for (const recipients of messages) {
    if (piece.length > 0 && piece.length + recipients.length > changePiece) {
      yield piece;
      piece = [];
    }
    for (const each of recipients) piece.push(each);
  }
  if (piece.length > 0) yield piece;
}

/**
 * Returns how many recipients were changed.
 * @throws {ControlError} `CHANGE_NOT_STORED` or `REPORTS_NOT_STORED` when something could not be stored
 */
export function concludeChange(results: readonly ChangeResult[]): number {
  const sum = (of: (result: ChangeResult) => number): number =>
    results.reduce((all, each) => all + of(each), 0);
  const changed = sum((each) => each.changed);
  const unstored = sum((each) => each.unstored);
  const refused = sum((each) => each.refused);
  const reason = results.find((each) => each.reason !== '')?.reason ?? '';
  if (refused > 0) {
    throw new ControlError(
      'REPORTS_NOT_STORED',
      `${changed} recipients were given up. ${refused} recipients are in the queue as before, because the reports about them could not be stored: ${reason}`,
      'Make room on the disk of the spool, then run the command again; or "sluice queue remove", which tells nobody.',
    );
  }
  if (unstored > 0) {
    throw new ControlError(
      'CHANGE_NOT_STORED',
      `The change is in force for ${unstored} recipients, but it is not on the disk: ${reason}`,
      'Sluice goes on trying to store it. Look after the disk of the spool: until then, a restart would undo the change.',
    );
  }
  return changed;
}
