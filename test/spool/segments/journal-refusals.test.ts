// The journal names last refusals by numbers, which are reused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JournalEntries } from '../../../src/spool/segments/entry-sink.ts';
import { RefusalForms } from '../../../src/spool/segments/refusal-forms.ts';
import { frameEntries, frameHeaderBytes, visitEntries } from '../../../src/spool/segments/journal-entries.ts';
import type { LastRefusal } from '../../../src/message/refusal-form.ts';
import { saidForm } from '../../refusals.ts';

function form(reply: string): LastRefusal {
  return saidForm(reply);
}

test('each frame names its refusals correctly, even if earlier frames are lost', () => {
  const refusals = new RefusalForms();
  const entries = new JournalEntries(refusals);
  const frames: Buffer[] = [];
  const defer = (counter: number, refusal: number): void => {
    entries.deferred(1, counter, 0, 1, 5, refusal);
    frames.push(entries.take(frameEntries, 7, 0).subarray(frameHeaderBytes));
  };
  const first = refusals.retain(form('451 first'));
  defer(1, first);
  refusals.release(first);
  const second = refusals.retain(form('452 second'));
  assert.equal(second, first, 'the number is reused');
  defer(2, second);
  defer(3, second);
  const found: string[] = [];
  const texts = new Map<number, LastRefusal>();
  for (const frame of [frames[0], frames[2]]) {
    assert.ok(frame !== undefined);
    visitEntries(frame, texts, {
      done: () => undefined,
      recipientDone: () => undefined,
      deferred: (_segment, counter, _recipient, _attempts, _next, refusal) =>
        found.push(`${counter} ${refusal}`),
      held: () => undefined,
      warned: () => undefined,
      passesHolds: () => undefined,
    });
  }
  assert.deepEqual(found, [`1 ${form('451 first')}`, `3 ${form('452 second')}`]);
});
