// A change of many recipients is made in pieces of whole messages. All pieces are handled, even if one cannot be stored.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changePieces, concludeChange } from '../../src/control/queue-change.ts';

function message(queueId: string, recipients: number) {
  return Array.from({ length: recipients }, (_, recipient) => ({
    queueId,
    message: 1,
    recipient,
    sender: 'anna@here.test',
    address: `u${recipient}@there.test`,
  }));
}

test('no message is split over two pieces, and none is left out', () => {
  const messages = [message('A', 300), message('B', 300), message('C', 2_000), message('D', 1)];
  const pieces = [...changePieces(messages)];
  assert.deepEqual(
    pieces.map((piece) => piece.length),
    [300, 300, 2_000, 1],
  );
  assert.deepEqual(pieces.flat(), messages.flat());
  assert.equal([...changePieces(Array.from({ length: 1_000 }, (_, at) => message(`M${at}`, 1)))].length, 2);
});

const stored = { changed: 500, unstored: 0, refused: 0, reason: '' };

test('one error reports what is not on the disk, for all pieces', () => {
  assert.equal(concludeChange([stored, stored]), 1_000);
  assert.equal(concludeChange([]), 0);
  const full = { ...stored, unstored: 500, reason: 'the disk is full' };
  assert.throws(() => concludeChange([stored, full, full]), {
    code: 'CHANGE_NOT_STORED',
    message: 'The change is in force for 1000 recipients, but it is not on the disk: the disk is full',
  });
});

test('the error distinguishes recipients that were given up from those that were not', () => {
  assert.throws(() => concludeChange([stored, { changed: 1, unstored: 0, refused: 2, reason: 'no room' }]), {
    code: 'REPORTS_NOT_STORED',
    message: /^501 recipients were given up\. 2 recipients are in the queue as before, .*: no room$/,
  });
});
