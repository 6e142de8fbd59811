// The last errors of recipients that wait, as the journal keeps them: by numbers that are given to other texts in time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JournalEntries } from '../../src/spool/entry-sink.ts';
import { ErrorTexts } from '../../src/spool/error-texts.ts';
import { frameEntries, frameHeaderBytes, visitEntries } from '../../src/spool/journal-entries.ts';

test('the entries of a frame name the right error, whichever frames before it are lost', () => {
  const errors = new ErrorTexts();
  const entries = new JournalEntries(errors);
  const frames: Buffer[] = [];
  const defer = (counter: number, error: number): void => {
    entries.deferred(1, counter, 0, 1, 5, error);
    frames.push(entries.take(frameEntries, 7, 0).subarray(frameHeaderBytes));
  };
  const first = errors.use('451 first');
  defer(1, first);
  errors.release(first);
  const second = errors.use('452 second');
  assert.equal(second, first, 'the number is used again');
  defer(2, second);
  defer(3, second);
  const found: string[] = [];
  const texts = new Map<number, string>();
  for (const frame of [frames[0], frames[2]]) {
    assert.ok(frame !== undefined);
    visitEntries(frame, texts, {
      done: () => undefined,
      recipientDone: () => undefined,
      deferred: (_segment, counter, _recipient, _attempts, _next, error) => found.push(`${counter} ${error}`),
      held: () => undefined,
    });
  }
  assert.deepEqual(found, ['1 451 first', '3 452 second']);
});
