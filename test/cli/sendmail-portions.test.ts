// The recipients of one message over several transactions: each is accepted once, and offered a limited number of times.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Portions } from '../../src/cli/sendmail/portions.ts';
import type { RecipientOutcome } from '../../src/protocol/smtp/client/client-session.ts';
import { failureText } from '../../src/protocol/smtp/client/reply-text.ts';

function taken(recipient: number): RecipientOutcome {
  const reply = { code: 250, enhanced: '', lines: [], command: 'content' } as const;
  return { recipient, result: 'delivered', reply };
}

function refused(
  recipient: number,
  code: number,
  enhanced: string,
  command: 'RCPT' | 'content' = 'RCPT',
): RecipientOutcome {
  const result = code < 500 || enhanced === '5.5.3' ? ('tempfail' as const) : ('permfail' as const);
  const reply = { code, enhanced, lines: [], command };
  return { recipient, result, failure: { kind: 'reply', reply } };
}

/** The code of a refusal, or the text of a failure; empty when the recipient was accepted. */
function reason(outcome: RecipientOutcome): string {
  if (outcome.result === 'delivered') return '';
  const { failure } = outcome;
  return failure.kind === 'reply' ? String(failure.reply.code) : failureText(failure);
}

test('each recipient is accepted once and in order, however many a server takes in one transaction', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 20 }),
      (recipients, atMost, takes) => {
        const portions = new Portions(recipients, atMost);
        const order: number[] = [];
        let transactions = 0;
        for (let portion = portions.next(); portion.length > 0; portion = portions.next()) {
          transactions++;
          order.push(...portion.slice(0, takes));
          portions.settle(portion.map((_, at) => (at < takes ? taken(at) : refused(at, 452, '4.5.3'))));
        }
        assert.deepEqual(order, [...Array(recipients).keys()]);
        assert.equal(transactions, Math.ceil(recipients / Math.min(atMost, takes)));
        const outcomes = portions.finish('never');
        assert.ok(outcomes.every(({ result }) => result === 'delivered'));
        assert.deepEqual(
          outcomes.map(({ recipient }) => recipient),
          order,
        );
      },
    ),
  );
});

test('a server that accepts no recipient is asked once', () => {
  const portions = new Portions(3, 2);
  portions.settle(portions.next().map((_, at) => refused(at, 452, '')));
  assert.deepEqual(portions.next(), [2]);
  portions.settle([refused(0, 452, '')]);
  assert.deepEqual(portions.next(), []);
  assert.deepEqual(
    portions.finish('').map(({ result }) => result),
    ['tempfail', 'tempfail', 'tempfail'],
  );
});

test('a refusal of the message is the outcome of recipients that were not offered, too', () => {
  const portions = new Portions(3, 1);
  portions.next();
  portions.settle([refused(0, 552, '5.3.4', 'content')]);
  assert.deepEqual(portions.next(), []);
  assert.deepEqual(portions.finish('').map(reason), ['552', '552', '552']);
});

test('other refusals of recipients are final, and after a lost connection the rest gets a temporary failure', () => {
  const portions = new Portions(5, 3);
  portions.next();
  portions.settle([taken(0), refused(1, 550, '5.1.1'), refused(2, 452, '4.2.2')]);
  assert.deepEqual(portions.next(), [3, 4]);
  assert.deepEqual(portions.finish('lost').map(reason), ['', '550', '452', 'lost', 'lost']);
});
