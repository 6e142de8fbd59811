// What an alias stands for: addresses, and what only a delivery understands.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aliasTargets } from '../../../src/policy/recipients/alias-targets.ts';

const asked = { localPart: 'staff', domain: 'a.test' };

function shown(value: string): readonly string[] {
  return aliasTargets(value, asked).map((target) =>
    target.kind === 'delivery'
      ? `delivery ${target.text}`
      : `${target.isFinal ? '\\' : ''}${target.localPart}@${target.domain}`,
  );
}

const understood: readonly [string, readonly string[]][] = [
  ['joe@b.test', ['joe@b.test']],
  ['joe', ['joe@a.test']],
  ['joe, jane@B.Test ,, jim', ['joe@a.test', 'jane@b.test', 'jim@a.test']],
  ['&joe@b.test', ['joe@b.test']],
  ['<joe@b.test>, "Jane, Doe" <jane@b.test>', ['joe@b.test', 'jane@b.test']],
  ['"joe, doe"@b.test', ['"joe, doe"@b.test']],
  ['@b.test', ['staff@b.test']],
  ['\\joe', ['\\joe@a.test']],
  ['jörg@bücher.example', ['jörg@xn--bcher-kva.example']],
  ['joe, "|/usr/bin/vacation joe, jane"', ['joe@a.test', 'delivery |/usr/bin/vacation joe, jane']],
  ['|/usr/bin/program', ['delivery |/usr/bin/program']],
  ['/var/mail/archive, ./Maildir/', ['delivery /var/mail/archive', 'delivery ./Maildir/']],
  [':include:/etc/list', ['delivery :include:/etc/list']],
  ['', []],
];

for (const [value, expected] of understood)
  test(`understood: ${JSON.stringify(value)}`, () => assert.deepEqual(shown(value), expected));

const refused: readonly [string, RegExp][] = [
  ['joe jane', /"joe jane" is no address; several are separated by commas/],
  ['joe@b.test jane@b.test', /separated by commas/],
  ['joe@', /is no address/],
  ['"|program', /a quotation mark has no counterpart/],
  [':fail: gone', /is no address/],
  ['a@b@c', /is no address/],
  ['@', /is no address/],
];

for (const [value, message] of refused)
  test(`refused: ${JSON.stringify(value)}`, () => assert.throws(() => shown(value), { message }));

test('whatever a value holds, it is read, or is an error with a reason', () => {
  const piece = fc.oneof(
    fc.constantFrom('joe', '@b.test', ',', '"', '\\', '<', '>', ' ', '|', '/', ':include:', '&', 'a.test'),
    fc.string({ unit: 'binary', maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const value = pieces.join('');
      try {
        for (const target of aliasTargets(value, asked)) {
          if (target.kind === 'delivery') assert.notEqual(target.text, '');
          else assert.ok(target.localPart !== '' && target.domain !== '', value);
        }
      } catch (error) {
        assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), String(error));
        assert.notEqual(error.message, '');
      }
    }),
    { numRuns: 500 },
  );
});
