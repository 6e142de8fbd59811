// Targets of overrides (`domain:example.com`): how they are read, written, and ordered by what they cover.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { covers, formatTarget, parseTarget } from '../../src/control/override-target.ts';

const readings: readonly (readonly [text: string, canonical: string])[] = [
  ['all', 'all'],
  ['aol.com', 'domain:aol.com'],
  ['AOL.com.', 'domain:aol.com'],
  ['*.aol.com', 'domain:*.aol.com'],
  ['domain:localhost', 'domain:localhost'],
  ['domain:bücher.example', 'domain:xn--bcher-kva.example'],
  ['[192.0.2.1]', 'domain:[192.0.2.1]'],
  ['domain:[IPv6:2001:db8::1]', 'domain:[ipv6:2001:db8::1]'],
  ['mx:*.mail.example.net', 'mx:*.mail.example.net'],
  ['ip:192.0.2.0/24', 'ip:192.0.2.0/24'],
  ['ip:192.0.2.1/32', 'ip:192.0.2.1'],
  ['ip:2001:DB8::/32', 'ip:2001:db8::/32'],
  ['source:2001:db8::1', 'source:2001:db8::1'],
  ['site:mx:mx1.example.net,mx2.example.net', 'site:mx:mx1.example.net,mx2.example.net'],
  ['tenant:the shop', 'tenant:the shop'],
];

for (const [text, canonical] of readings) {
  test(`"${text}" means ${canonical}, and reads back`, () => {
    assert.equal(formatTarget(parseTarget(text)), canonical);
    assert.equal(formatTarget(parseTarget(canonical)), canonical);
  });
}

const refused: readonly (readonly [text: string, why: RegExp])[] = [
  ['', /is not a target; write domain:/],
  ['shop', /is not a target/],
  ['192.0.2.1', /write ip:192\.0\.2\.1 for a destination, or source:192\.0\.2\.1/],
  ['192.0.2.0/24', /write ip:192\.0\.2\.0\/24/],
  ['2001:db8::1', /write ip:2001:db8::1/],
  ['ip:192.0.2.1/24', /bits set behind its prefix; did you mean "192\.0\.2\.0\/24"/],
  ['ip:example.com', /is not a network/],
  ['user@aol.com', /is an address/],
  ['mx:*', /is not a pattern/],
  ['colour:red.example', /is not a target/],
  ['site:', /has no usable name/],
  ['tenant:two\nlines', /has no usable name/],
];

for (const [text, why] of refused) {
  test(`${JSON.stringify(text)} is no target`, () => {
    assert.throws(() => parseTarget(text), why);
  });
}

test('every accepted target is formatted and read back the same', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.tuple(
      fc.constantFrom('domain:', 'mx:', 'site:', 'ip:', 'source:', 'tenant:', ''),
      fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.string()),
      fc.constantFrom('', '/8', '/32', '/64'),
    ),
  );
  let taken = 0;
  fc.assert(
    fc.property(texts, (given) => {
      const text = typeof given === 'string' ? given : given.join('');
      let canonical;
      try {
        canonical = formatTarget(parseTarget(text));
      } catch (error) {
        assert.equal((error as Error).name, 'ValueError');
        return;
      }
      taken++;
      assert.deepEqual(parseTarget(canonical), parseTarget(text));
    }),
    { numRuns: 200 },
  );
  assert.ok(taken > 20, `only ${taken} were taken`);
});

const covering: readonly (readonly [outer: string, inner: string, expected: boolean])[] = [
  ['all', 'tenant:shop', true],
  ['all', 'all', false],
  ['*.aol.com', 'mail.aol.com', true],
  ['*.aol.com', '*.mail.aol.com', true],
  ['*.aol.com', 'aol.com', false],
  ['*.aol.com', 'notaol.com', false],
  ['aol.com', '*.aol.com', false],
  ['aol.com', 'aol.com', false],
  ['mx:*.aol.com', 'domain:mx.aol.com', false],
  ['mx:*.aol.com', 'mx:mx.aol.com', true],
  ['ip:192.0.2.0/24', 'ip:192.0.2.7', true],
  ['ip:192.0.2.0/24', 'ip:192.0.2.128/25', true],
  ['ip:192.0.2.0/24', 'ip:192.0.0.0/16', false],
  ['ip:192.0.2.0/24', 'source:192.0.2.7', false],
  ['ip:2001:db8::/32', 'ip:2001:db8:1::1', true],
  ['ip:0.0.0.0/0', 'ip:2001:db8::1', false],
  ['ip:::/0', 'ip:192.0.2.1', false],
];

for (const [outer, inner, expected] of covering) {
  test(`${outer} ${expected ? 'covers' : 'does not cover'} ${inner}`, () => {
    assert.equal(covers(parseTarget(outer), parseTarget(inner)), expected);
  });
}
