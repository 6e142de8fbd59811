// What a stage may say of the rule for a client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictFault } from '../../src/policy/check-verdict.ts';
import { type Point, points, type Verdict } from '../../src/policy/stage.ts';

const good = { who: '192.0.2.1', relay: '@fax.example', maxMessageBytes: 0, variables: { A: 'two words' } };

function faultOf(rule: unknown, point: Point = 'connect'): string | undefined {
  return verdictFault({ kind: 'continue', edits: [{ kind: 'set-client-rule', rule }] } as Verdict, point);
}

test('the rule for a client is said until a recipient is accepted', () => {
  for (const point of points) {
    const isEarly = ['connect', 'helo', 'starttls', 'auth', 'mail', 'rcpt'].includes(point);
    assert.equal(faultOf(good, point) === undefined, isEarly, point);
  }
});

test('a rule that is none is a failure of the stage', () => {
  assert.equal(faultOf({ ...good, relay: undefined, maxMessageBytes: undefined, variables: {} }), undefined);
  for (const [rule, expected] of [
    [undefined, 'it gave no rule'],
    [null, 'it gave no rule'],
    ['192.0.2.1', 'it gave no rule'],
    [{ ...good, who: 1 }, 'it gave no rule'],
    [{ ...good, relay: '@a\r\nb' }, 'it gave a text to append to recipients that makes no address'],
    [{ ...good, relay: 1 }, 'it gave a text to append to recipients that makes no address'],
    [{ ...good, maxMessageBytes: -1 }, 'it gave a largest message that is no number of bytes'],
    [{ ...good, maxMessageBytes: '5' }, 'it gave a largest message that is no number of bytes'],
    [{ ...good, variables: undefined }, 'it gave no variables'],
    [{ ...good, variables: { A: 1 } }, 'it gave a variable that is no text'],
    [{ ...good, variables: { A: 'b\r\nc' } }, 'it gave a variable that is no text'],
    [{ ...good, variables: { 'A\n': 'b' } }, 'it gave a variable that is no text'],
  ] as const)
    assert.equal(faultOf(rule), expected, JSON.stringify(rule));
});
