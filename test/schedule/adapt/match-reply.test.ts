// Matching replies against rules: which replies match, and how long matching takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstReaction } from '../../../src/schedule/adapt/match-reply.ts';
import type { ReactionRule } from '../../../src/schedule/adapt/types.ts';
import { damageRefusal, type Refusal } from '../../../src/message/refusal.ts';
import { broken, farHost, ours, said } from '../../refusals.ts';

function rule(facts: Partial<ReactionRule>): ReactionRule {
  return {
    name: 'rule',
    origin: 'test',
    source: '',
    code: '',
    text: '',
    mx: [],
    action: { kind: 'slow', forMs: 60_000 },
    ...facts,
  };
}

const host = 'mx1.mail.example.com';

/** Rule, reply, whether the rule matches the reply. */
const table: readonly [Partial<ReactionRule>, string, boolean][] = [
  [{ code: '421' }, '421 4.7.0 too many', true],
  [{ code: '421' }, '421', true],
  [{ code: '421' }, '451 4.7.0 421 too many', false],
  [{ code: '42' }, '421 too many', true],
  [{ code: '4' }, '450 too many', true],
  [{ code: '4' }, '550 too many', false],
  [{}, '550 no', true],
  [{}, '450 later', true],
  [{ text: 'too many' }, '421 Too MANY connections', true],
  [{ text: 'Too Many' }, '421 too many connections', true],
  [{ text: 'too many' }, '421 too  many connections', false],
  [{ text: 'too*connections' }, '421 too many connections', true],
  [{ text: 'too*connections' }, '421 connections: too many', false],
  [{ text: '*too*many*' }, '421 4.7.0 too many', true],
  [{ text: 'aba*ab' }, '421 abab', false],
  [{ text: 'aba*ab' }, '421 abaab', true],
  [{ text: 'a*b*c' }, '421 c a c b c', true],
  [{ text: '*' }, '421', true],
  [{ text: '421' }, '421 no such text', false],
  [{ text: '4.7.0' }, '421 4.7.0 too many', true],
  [{ text: 'a.c' }, '421 abc', false],
  [{ mx: ['mx1.mail.example.com'] }, '421', true],
  [{ mx: ['MX1.mail.example.com'] }, '421', true],
  [{ mx: ['*.example.com'] }, '421', true],
  [{ mx: ['other.example', '*.mail.example.com'] }, '421', true],
  [{ mx: ['mail.example.com'] }, '421', false],
  [{ mx: ['*.mx1.mail.example.com'] }, '421', false],
  [{ mx: ['*.ail.example.com'] }, '421', false],
  [{ code: '421', text: 'too many', mx: ['*.example.com'] }, '421 too many', true],
  [{ code: '421', text: 'too many', mx: ['*.example.net'] }, '421 too many', false],
];

for (const [facts, reply, matches] of table) {
  test(`${JSON.stringify(facts)} ${matches ? 'matches' : 'does not match'} "${reply}"`, () => {
    const only = rule(facts);
    assert.equal(firstReaction([only], said(reply), host), matches ? only : undefined);
  });
}

/** A reply with this text. */
function bare(text: string): Refusal {
  return { ...said('421', 'RSET'), lines: [text] };
}

test('only replies of a server match; failures without a reply and local refusals do not', () => {
  const anything = rule({});
  assert.equal(firstReaction([anything], said('421'), host), anything);
  assert.equal(firstReaction([anything], broken('421 too many'), host), undefined);
  assert.equal(firstReaction([anything], ours('421 too many'), host), undefined);
  assert.equal(firstReaction([anything], damageRefusal('gone'), host), undefined);
});

test('a text is looked for in what the server said, not in our words about the host and the command', () => {
  const peer = { ...farHost, host: 'rate-limit-exceeded.example' };
  const first = (text: string, refusal: Refusal): boolean =>
    firstReaction([rule({ text })], refusal, peer.host) !== undefined;
  for (const command of ['connect', 'EHLO', 'RCPT'] as const) {
    const fine = said('421 fine', command, peer);
    assert.ok(first('fine', fine));
    for (const text of ['rate-limit', '192.0.2.1', 'in reply to', 'greeting of', 'reply to ehlo', '('])
      assert.ok(!first(text, fine), `${text} after ${command}`);
  }
  assert.ok(first('in reply to rcpt', said('450 4.7.1 as I said in reply to RCPT', 'RCPT', peer)));
  assert.ok(first('4.7.1 two lines', { ...said('450 4.7.1 x'), lines: ['two', 'lines'] }), 'as in the log');
});

test('the first rule that matches decides', () => {
  const rules = [
    rule({ name: '1', code: '5' }),
    rule({ name: '2', text: 'busy' }),
    rule({ name: '3', code: '4' }),
  ];
  assert.equal(firstReaction(rules, said('421 busy'), host)?.name, '2');
  assert.equal(firstReaction(rules, said('421 try later'), host)?.name, '3');
  assert.equal(firstReaction(rules, said('550 busy'), host)?.name, '1');
});

test('a text with stars matches the same replies as the regular expression made of it', () => {
  const few = fc.string({ unit: fc.constantFrom('a', 'b', 'A'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(pattern, few, (text, reply) => {
      const expected = new RegExp(text.replaceAll('*', '.*'), 'i').test(reply);
      assert.equal(firstReaction([rule({ text })], bare(reply), host) !== undefined, expected);
    }),
    { numRuns: 2_000 },
  );
});

test('a reply made to be slow to match takes no longer than any other of its length', () => {
  // A backtracking matcher would never end here.
  const text = 'a*'.repeat(100).concat('b');
  const reply = { ...said('421'), lines: ['a'.repeat(100_000)] };
  const beganAtMs = performance.now();
  assert.equal(firstReaction([rule({ text })], reply, host), undefined);
  assert.ok(performance.now() - beganAtMs < 1_000);
});
