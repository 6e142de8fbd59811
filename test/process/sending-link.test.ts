// Questions to the manager about sending limits: answered, or told to fail; and nothing counts that nobody waits for any more.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Charge, Release } from '../../src/channel/sending-messages.ts';
import { Deadlines } from '../../src/io/deadlines.ts';
import type { SendingCharge } from '../../src/policy/sending/types.ts';
import { SendingLink } from '../../src/process/roles/sending-link.ts';
import { handIn } from '../policy/sending/rules.ts';

function linked() {
  const posted: (Charge | Release)[] = [];
  const clock = { now: 0 };
  const deadlines = new Deadlines({ now: () => clock.now });
  const link = new SendingLink((message) => posted.push(message), deadlines);
  const charge: SendingCharge = { handIn: handIn({ user: 'joe@example.com' }), atMs: 5, turnMs: 5 };
  const asked = (): Charge => posted.findLast((each) => each.kind === 'charge') as Charge;
  return {
    link,
    posted,
    charge,
    counted: (id = asked().id) => link.take([{ kind: 'charged', id, answer: { kind: 'counted', charge } }]),
    asked,
    pass: (ms: number) => {
      clock.now += ms;
      deadlines.advance();
    },
    stop: () => deadlines.stop(),
  };
}

const restarted = { kind: 'failing', reason: 'the manager process is being restarted' };

test('without a manager the answer comes at once, and nothing is asked', async () => {
  const { link, posted } = linked();
  assert.deepEqual(await link.charge(handIn({})), restarted);
  assert.equal(posted.length, 0);
});

test('answers go to their questions; when the manager is lost, all that wait fail, and later ones are asked of the next', async (t) => {
  const { link, posted, charge, counted, asked, stop } = linked();
  t.after(stop);
  link.linked();
  const first = link.charge(charge.handIn);
  counted();
  assert.deepEqual(await first, { kind: 'counted', charge });
  const second = link.charge(charge.handIn);
  const { id } = asked();
  link.lost();
  assert.deepEqual(await second, restarted);
  link.linked();
  // The next manager hears the question again, and counts it.
  counted(id);
  assert.deepEqual(posted.at(-1), { kind: 'release', charge });
  const third = link.charge(charge.handIn);
  counted();
  assert.equal((await third).kind, 'counted');
});

test('a manager that is silent for ten seconds is not waited for, and what it counts then is taken back', async (t) => {
  const { link, posted, charge, counted, pass, stop } = linked();
  t.after(stop);
  link.linked();
  const asked = link.charge(charge.handIn);
  pass(12_000);
  assert.deepEqual(await asked, { kind: 'failing', reason: 'the manager does not answer' });
  counted();
  assert.deepEqual(posted.at(-1), { kind: 'release', charge });
});
