// Splits a change of the queue into pieces, so that deliveries go on in between, and sums up the results of the pieces. A
// message is never split over two pieces.

import { ControlError } from './control-error.ts';
import type { ChangeResult, ChosenRecipient } from './operations/queue-change.ts';

/** Recipients in one piece; more only if a single message has more. */
const recipientsPerPiece = 500;

/** @param messages - the recipients of each message: those that are given up together are in one report */
export function* changePieces(
  messages: readonly (readonly ChosenRecipient[])[],
): Generator<readonly ChosenRecipient[]> {
  let piece: ChosenRecipient[] = [];
  for (const recipients of messages) {
    if (piece.length > 0 && piece.length + recipients.length > recipientsPerPiece) {
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
      'Make room on the disk of the spool, then run the command again; or use "sluice queue remove", which sends no report.',
    );
  }
  if (unstored > 0) {
    throw new ControlError(
      'CHANGE_NOT_STORED',
      `The change is in force for ${unstored} recipients, but it is not on the disk: ${reason}`,
      'Sluice goes on trying to store it. Look after the disk of the spool: until the change is stored, a restart would undo it.',
    );
  }
  return changed;
}
