// Errands that senders run: each has one outcome, also when its sender is lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunErrand } from '../../src/channel/errand-messages.ts';
import { Errands } from '../../src/manager/errands.ts';
import { smtpHop } from '../../src/route/next-hop.ts';

const errand = { hop: smtpHop('mx.test', '127.0.0.1', 25, 0) };

function channelOf() {
  const posted: RunErrand[] = [];
  let lost = (): void => undefined;
  return {
    posted,
    lose: () => lost(),
    channel: {
      post: (message: RunErrand) => void posted.push(message),
      onClosed: (callback: () => void) => {
        lost = callback;
      },
    },
  };
}

test('an errand has the outcome that its sender tells', async () => {
  const errands = new Errands();
  const { channel, posted } = channelOf();
  const outcomes = [errands.run(errand, channel), errands.run(errand, channel)];
  const [first, second] = posted;
  errands.ended({ id: second!.id, outcome: { kind: 'failed', reason: 'second' } });
  errands.ended({ id: first!.id, outcome: { kind: 'answered' } });
  // A number that is over says nothing any more.
  errands.ended({ id: first!.id, outcome: { kind: 'failed', reason: 'again' } });
  assert.deepEqual(await Promise.all(outcomes), [{ kind: 'answered' }, { kind: 'failed', reason: 'second' }]);
});

test('without a sender, and with one that is lost, it has failed', async () => {
  const errands = new Errands();
  assert.deepEqual(await errands.run(errand, undefined), {
    kind: 'failed',
    reason: 'no sender process is there',
  });
  const one = channelOf();
  const other = channelOf();
  const lost = errands.run(errand, one.channel);
  const kept = errands.run(errand, other.channel);
  one.lose();
  assert.deepEqual(await lost, { kind: 'failed', reason: 'the sender process was lost' });
  errands.ended({ id: other.posted[0]!.id, outcome: { kind: 'answered' } });
  assert.deepEqual(await kept, { kind: 'answered' });
});
