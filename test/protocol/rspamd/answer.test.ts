// Answers of rspamd.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRspamdAnswer } from '../../../src/protocol/rspamd/answer.ts';

const parse = (json: unknown) => parseRspamdAnswer(typeof json === 'string' ? json : JSON.stringify(json));

test('an answer of rspamd is read', () => {
  const answer = parse({
    is_skipped: false,
    score: 5.5,
    required_score: 15,
    action: 'rewrite subject',
    symbols: { BAYES_SPAM: { name: 'BAYES_SPAM', score: 5.1 }, MISSING_MID: { score: 0.4 } },
    messages: { smtp_message: 'Spam' },
    subject: '[SPAM] x',
    'dkim-signature': 'v=1; a=rsa-sha256',
    milter: {
      remove_headers: { 'X-A': 0, 'X-B': 2, 'X-C': [1, -1] },
      add_headers: {
        'X-One': 'a',
        'X-Two': { value: 'b', order: 1 },
        'X-Three': [{ value: 'c', index: -1 }, 'd'],
      },
      change_from: '<x@y.test>',
      add_rcpt: ['<a@b.test>'],
      del_rcpt: 'c@d.test',
      spam_header: { 'X-Spam-Flag': 'YES' },
      reject: 'quarantine',
      no_action: true,
    },
  });
  assert.deepEqual(answer, {
    action: 'rewrite subject',
    score: 5.5,
    required: 15,
    symbols: ['BAYES_SPAM', 'MISSING_MID'],
    subject: '[SPAM] x',
    smtpMessage: 'Spam',
    signatures: ['v=1; a=rsa-sha256'],
    removed: [
      { name: 'X-A', number: 0 },
      { name: 'X-B', number: 2 },
      { name: 'X-C', number: 1 },
      { name: 'X-C', number: -1 },
    ],
    added: [
      { name: 'X-One', value: 'a', order: undefined },
      { name: 'X-Two', value: 'b', order: 1 },
      { name: 'X-Three', value: 'c', order: -1 },
      { name: 'X-Three', value: 'd', order: undefined },
    ],
    sender: '<x@y.test>',
    addedRecipients: ['<a@b.test>'],
    removedRecipients: ['c@d.test'],
    spamFields: [{ name: 'X-Spam-Flag', value: 'YES' }],
    rejectAs: 'quarantine',
    isNoAction: true,
  });
});

for (const [given, action] of [
  ['Reject', 'reject'],
  [' ADD_HEADER ', 'add header'],
  ['soft-reject', 'soft reject'],
  ['no action', 'no action'],
  ['My_Own', 'My_Own'],
] as const) {
  test(`the action ${JSON.stringify(given)} is ${JSON.stringify(action)}`, () => {
    assert.equal(parse({ action: given }).action, action);
  });
}

test('what is empty or null is not there', () => {
  const none = parse({ action: 'x' });
  const milter = { add_headers: [], remove_headers: {}, spam_header: null, add_rcpt: [], change_from: null };
  assert.deepEqual(parse({ action: 'x', subject: null, 'dkim-signature': null, milter }), none);
});

for (const [text, message] of [
  ['', 'its answer is no JSON'],
  ['<html>', 'its answer is no JSON'],
  ['{"action":"no action"', 'its answer is no JSON'],
  ['[]', 'its answer is no table'],
  ['null', 'its answer is no table'],
  ['"no action"', 'its answer is no table'],
  ['{}', 'its answer has no action'],
  ['{"action":""}', 'its answer has no action'],
  ['{"action":7}', 'its answer has no action'],
  ['{"action":["no action"]}', 'its answer has no action'],
  ['{"error":"out of\\nmemory","action":"no action"}', 'it said: out of?memory'],
  [
    '{"action":"x","milter":{"add_headers":{"X":{"value":3}}}}',
    'its answer has something that is no text in add_headers of X',
  ],
  [
    '{"action":"x","milter":{"add_headers":{"X":["a",4]}}}',
    'its answer has something that is no text in add_headers of X',
  ],
  [
    '{"action":"x","milter":{"add_headers":["a"]}}',
    'its answer has something that is no table in add_headers',
  ],
  [
    '{"action":"x","milter":{"remove_headers":{"X":"all"}}}',
    'its answer has something that is no number in remove_headers of X',
  ],
  [
    '{"action":"x","milter":{"remove_headers":{"X":1.5}}}',
    'its answer has something that is no number in remove_headers of X',
  ],
  [
    '{"action":"x","milter":{"spam_header":{"X":true}}}',
    'its answer has something that is no text in spam_header',
  ],
  [
    '{"action":"x","milter":{"add_rcpt":["a@b.test",3]}}',
    'its answer has something that is no text in add_rcpt',
  ],
  ['{"action":"x","milter":{"change_from":{}}}', 'its answer has something that is no text in change_from'],
  ['{"action":"rewrite subject","subject":7}', 'its answer has something that is no text in subject'],
  ['{"action":"x","dkim-signature":[1]}', 'its answer has something that is no text in dkim-signature'],
  [
    JSON.stringify({ action: 'x', milter: { add_rcpt: Array.from({ length: 1001 }, () => 'a@b.test') } }),
    'its answer has more than 1000 of something',
  ],
] as const) {
  test(`${text.slice(0, 40)} is no answer`, () => {
    assert.throws(() => parse(text), { message });
  });
}

test('whatever comes, it is an answer with an action, or an error with a clause', () => {
  const key = fc.constantFrom(
    'action',
    'milter',
    'add_headers',
    'remove_headers',
    'symbols',
    'spam_header',
    'value',
    'order',
    '__proto__',
    'X-A',
  );
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 5 },
      fc.string(),
      fc.double(),
      fc.constantFrom(null, true, 'add header', -1, 1e308),
      fc.array(tie('json'), { maxLength: 4 }),
      fc.dictionary(key, tie('json'), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(fc.oneof(json, fc.dictionary(key, json)), (value) => {
      try {
        const answer = parseRspamdAnswer(JSON.stringify(value));
        assert.equal(typeof answer.action, 'string');
        for (const { value: text } of answer.added) assert.equal(typeof text, 'string');
        for (const { number } of answer.removed) assert.ok(Number.isSafeInteger(number));
      } catch (error) {
        assert.match((error as Error).message, /^(its answer|it said)/);
      }
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.throws(() => parseRspamdAnswer(Buffer.from(bytes).toString('utf8')), /^Error: its answer/);
    }),
  );
});
