// Questions to and answers of policy servers, byte by byte.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type PolicyAnswer,
  PolicyAnswerReader,
} from '../../../src/protocol/policy-delegation/answer-reader.ts';
import {
  type PolicyAction,
  readPolicyAction,
} from '../../../src/protocol/policy-delegation/policy-action.ts';
import { encodePolicyRequest } from '../../../src/protocol/policy-delegation/request.ts';

test('a question is lines of name=value, and an empty line', () => {
  const request = encodePolicyRequest([
    ['request', 'smtpd_access_policy'],
    ['sender', 'jörg@example.com'],
    ['size', ''],
  ]);
  assert.equal(request.toString('utf8'), 'request=smtpd_access_policy\nsender=jörg@example.com\nsize=\n\n');
});

test('no value ends its line, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const text = encodePolicyRequest([
        ['helo_name', value],
        ['size', '0'],
      ]).toString('utf8');
      assert.equal(text.split('\n').length, 4);
      assert.ok(!/[\0\r]/u.test(text));
      assert.ok(text.endsWith('\nsize=0\n\n'));
    }),
  );
});

const answers: readonly (readonly [string, PolicyAnswer | undefined])[] = [
  ['action=DUNNO\n\n', { kind: 'answer', actions: ['DUNNO'] }],
  ['action=DUNNO\r\n\r\n', { kind: 'answer', actions: ['DUNNO'] }],
  ['action=a\naction=b\n\n', { kind: 'answer', actions: ['a', 'b'] }],
  ['later=x\naction=REJECT a=b\n\n', { kind: 'answer', actions: ['REJECT a=b'] }],
  ['action=DUNNO\n', undefined],
  ['action=', undefined],
];
for (const [text, expected] of answers) {
  test(`${JSON.stringify(text)} is ${expected === undefined ? 'the beginning of an answer' : 'read'}`, () => {
    assert.deepEqual(new PolicyAnswerReader().add(Buffer.from(text)), expected);
  });
}

for (const [what, text, why] of [
  ['without an action', 'other=1\n\n', /without an action/],
  ['that is empty', '\n', /without an action/],
  ['with a line that is none', 'DUNNO\n\n', /no name=value/],
  ['with a line without a name', '=DUNNO\n\n', /no name=value/],
  ['twice', 'action=OK\n\naction=OK\n\n', /more than one answer/],
  ['and half of another one', 'action=OK\n\nact', /more than one answer/],
  ['with a line that is too long', `action=${'x'.repeat(8192)}\n\n`, /more than 8192 bytes/],
  ['with a line without an end', 'x'.repeat(8193), /more than 8192 bytes/],
  ['with too many lines', 'a=b\n'.repeat(101), /more than 100 lines/],
] as const) {
  test(`an answer ${what} breaks the protocol`, () => {
    const answer = new PolicyAnswerReader().add(Buffer.from(text));
    assert.ok(answer?.kind === 'broken');
    assert.match(answer.why, why);
  });
}

test('an answer is the same however it was cut, and several answers follow each other', () => {
  const texts = fc.array(fc.constantFrom('DUNNO', 'OK', 'REJECT größer', 'PREPEND X-A: b'), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(texts, { minLength: 1 }), fc.array(fc.nat(9), { minLength: 1 }), (all, cuts) => {
      const reader = new PolicyAnswerReader();
      let cut = 0;
      for (const actions of all) {
        const bytes = Buffer.from(`${actions.map((text) => `action=${text}\n`).join('')}\n`);
        for (let at = 0; at < bytes.length; cut++) {
          const end = at + (cuts[cut % cuts.length] ?? 0) + 1;
          const answer = reader.add(bytes.subarray(at, end));
          at = end;
          assert.deepEqual(answer, at < bytes.length ? undefined : { kind: 'answer', actions });
        }
      }
    }),
  );
});

test('whatever a server sends, what is kept of it is bounded, and an answer has an action', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom('action=OK\n', '\n', 'action=', '\r\n', 'x=y\n', '\0').map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
      const reader = new PolicyAnswerReader();
      for (const bytes of pieces) {
        const answer = reader.add(bytes);
        if (answer?.kind === 'broken') return;
        if (answer !== undefined) assert.ok(answer.actions.length > 0 && answer.actions.length <= 100);
      }
    }),
  );
});

const actions: readonly (readonly [string, PolicyAction])[] = [
  ['DUNNO', { kind: 'dunno' }],
  ['dunno it is not listed', { kind: 'dunno' }],
  [' OK ', { kind: 'ok' }],
  ['permit', { kind: 'ok' }],
  ['1716239022', { kind: 'ok' }],
  ['REJECT', { kind: 'refuse', reply: { code: 554, enhanced: '5.7.1', text: 'Access denied' } }],
  ['reject not you', { kind: 'refuse', reply: { code: 554, enhanced: '5.7.1', text: 'not you' } }],
  ['REJECT 5.1.2 not you', { kind: 'refuse', reply: { code: 554, enhanced: '5.1.2', text: 'not you' } }],
  ['REJECT 4.1.2', { kind: 'refuse', reply: { code: 554, enhanced: '5.1.2', text: 'Access denied' } }],
  ['DEFER 4.2.0 later', { kind: 'refuse', reply: { code: 450, enhanced: '4.2.0', text: 'later' } }],
  ['451', { kind: 'refuse', reply: { code: 451, enhanced: '4.7.1', text: 'Access denied' } }],
  ['521 5.7.0 go', { kind: 'refuse', reply: { code: 521, enhanced: '5.7.0', text: 'go' } }],
  [
    'DEFER_IF_PERMIT 4.2.0 Greylisted',
    { kind: 'defer-if-permit', reply: { code: 450, enhanced: '4.2.0', text: 'Greylisted' } },
  ],
  [
    'Defer_If_Reject',
    { kind: 'defer-if-reject', reply: { code: 450, enhanced: '4.7.1', text: 'Service unavailable' } },
  ],
  ['HANGUP', { kind: 'hang-up' }],
  ['HOLD', { kind: 'hold', text: '' }],
  ['DISCARD it is a loop', { kind: 'discard', text: 'it is a loop' }],
  ['WARN a\0b', { kind: 'warn', text: 'a b' }],
  ['INFO x', { kind: 'info', text: 'x' }],
  ['REDIRECT <a@example.com>', { kind: 'redirect', address: 'a@example.com' }],
  ['BCC a@example.com', { kind: 'bcc', address: 'a@example.com' }],
  ['FILTER scan:[127.0.0.1]:10025', { kind: 'filter', transport: 'scan' }],
  ['FILTER scan', { kind: 'filter', transport: 'scan' }],
  ['PREPEND X-A: b: c', { kind: 'prepend', name: 'X-A', value: 'b: c' }],
  ['PREPEND X-A:', { kind: 'prepend', name: 'X-A', value: '' }],
];
for (const [text, expected] of actions) {
  test(`the action ${JSON.stringify(text)} is ${expected.kind}`, () => {
    assert.deepEqual(readPolicyAction(text), expected);
  });
}

for (const text of [
  '',
  'ACCEPT',
  'OKAY',
  '250 fine',
  '354 go on',
  '55 x',
  '450-4.2.0 x',
  'REDIRECT',
  'REDIRECT nobody',
  'BCC',
  'FILTER',
  'FILTER :x',
  'FILTER a b:x',
  'PREPEND',
  'PREPEND no field',
  'PREPEND : x',
  'PREPEND X A: b',
  'reject_unauth_destination',
]) {
  test(`the action ${JSON.stringify(text)} is none`, () => {
    assert.match(String(readPolicyAction(text)), /^it answered an action that is not known/);
  });
}

test('no action has a reply that cannot be sent', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .tuple(fc.constantFrom('REJECT ', 'DEFER ', '450 ', '599 5.', 'DEFER_IF_PERMIT '), fc.string())
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const action = readPolicyAction(text);
      if (typeof action === 'string' || !('reply' in action)) return;
      const { code, enhanced = '', text: words } = action.reply;
      assert.match(enhanced, /^[45]\.\d{1,3}\.\d{1,3}$/);
      assert.equal(enhanced.charAt(0), String(code).charAt(0));
      assert.ok(typeof words === 'string' && words !== '' && words.length <= 480);
      // oxlint-disable-next-line no-control-regex
      assert.ok(!/[\0-\x1f\x7f]/u.test(words));
    }),
  );
});
