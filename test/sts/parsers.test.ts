// MTA-STS records and policy files: what RFC 8461 leaves to the reader, and hostile text.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { fitsMx } from '../../src/sts/mx-match.ts';
import { greatestMaxAgeSeconds, readStsPolicy, stsPolicyLines } from '../../src/sts/sts-policy.ts';
import { readStsRecords } from '../../src/sts/sts-record.ts';

const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,10}[a-z0-9])?$/);
const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const pattern = fc.oneof(
  host,
  host.map((name) => `*.${name}`),
);

suite('records', () => {
  test('records about other things are ignored', () => {
    const texts = ['some verification', 'v=spf1 -all', 'v=STSv1; id=a;', 'v=STSv10; id=b', 'V=STSV1; id=c'];
    assert.deepEqual(readStsRecords(texts), { kind: 'record', id: 'a' });
    assert.deepEqual(readStsRecords(['v=spf1 -all']), { kind: 'none' });
    assert.deepEqual(readStsRecords([]), { kind: 'none' });
  });

  test('two records are no policy, even if one of them is invalid or both are equal', () => {
    assert.equal(readStsRecords(['v=STSv1; id=a', 'v=STSv1; id=a']).kind, 'invalid');
    assert.equal(readStsRecords(['v=STSv1; id=a', 'v=STSv1;']).kind, 'invalid');
  });

  test('the id may stand behind extensions', () => {
    assert.deepEqual(readStsRecords(['v=STSv1; x=1; id=20260101']), { kind: 'record', id: '20260101' });
  });

  test('any text is read, in time that its length bounds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const read = readStsRecords([text, `v=STSv1;${text}`]);
        assert.ok(read.kind !== 'record' || /^[A-Za-z0-9]{1,32}$/.test(read.id));
      }),
    );
    for (const piece of [' ', '\t', ';', ' ; ', 'a=b;', 'id=a;', '=', 'x'])
      readStsRecords([`v=STSv1;${piece.repeat(20_000)}`, ''].slice(0, 1));
  });
});

suite('policies', () => {
  const policy = (...lines: readonly string[]) => readStsPolicy(`version: STSv1\n${lines.join('\n')}\n`);

  test('enforce and testing without mx are invalid, none is valid', () => {
    assert.equal(policy('mode: enforce', 'max_age: 86400').kind, 'invalid');
    assert.equal(policy('mode: testing', 'max_age: 86400').kind, 'invalid');
    assert.equal(policy('mode: none', 'max_age: 86400').kind, 'policy');
  });

  test('of a key that stands there twice the first counts, of mx all', () => {
    assert.deepEqual(
      policy(
        'mode: testing',
        'mode: enforce',
        'mx: b.test',
        'mx: A.test.',
        'mx: b.test',
        'max_age: 1',
        'max_age: 2',
      ),
      { kind: 'policy', mode: 'testing', mx: ['b.test', 'a.test'], maxAgeSeconds: 1 },
    );
  });

  test('a max_age of more than a year counts as a year', () => {
    const read = policy('mode: enforce', 'mx: a.test', 'max_age: 9999999999');
    assert.ok(read.kind === 'policy' && read.maxAgeSeconds === greatestMaxAgeSeconds);
  });

  test('values may have UTF-8, and no control characters', () => {
    assert.equal(policy('mode: none', 'max_age: 1', 'note: grüße').kind, 'policy');
    assert.equal(policy('mode: none', 'max_age: 1', 'note: a\u0000b').kind, 'invalid');
    assert.equal(policy('mode: none', 'max_age: 1', 'no colon').kind, 'invalid');
  });

  test('a policy with more hosts than can be kept is invalid', () => {
    const lines = Array.from({ length: 500 }, (_, index) => `mx: host${index}.example.com`);
    assert.match(
      JSON.stringify(policy('mode: enforce', 'max_age: 1', ...lines)),
      /more than 4096 characters/u,
    );
  });

  test('what is written is read again', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('enforce' as const, 'testing' as const, 'none' as const),
        fc.uniqueArray(pattern, { minLength: 1, maxLength: 20 }),
        fc.nat({ max: greatestMaxAgeSeconds }),
        fc.constantFrom('\n', '\r\n'),
        (mode, mx, maxAgeSeconds, end) => {
          const text = stsPolicyLines({ mode, mx, maxAgeSeconds }).join(end);
          assert.deepEqual(readStsPolicy(text), { kind: 'policy', mode, mx, maxAgeSeconds });
        },
      ),
    );
  });

  test('any text is read, and gives no policy that no host can meet', () => {
    const lines = fc.array(
      fc.oneof(
        fc.constantFrom(
          'version: STSv1',
          'mode: enforce',
          'max_age: 86400',
          'mx: *.a.test',
          'mx:',
          'mode: none',
          '',
        ),
        fc.string({ unit: 'binary', maxLength: 80 }),
        pattern.map((each) => `mx: ${each}`),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(lines, fc.constantFrom('\n', '\r\n', '\r'), (texts, end) => {
        const read = readStsPolicy(texts.join(end));
        if (read.kind === 'policy' && read.mode !== 'none') assert.notEqual(read.mx.length, 0);
        if (read.kind === 'invalid') assert.doesNotMatch(read.reason, /[\r\n]/u);
      }),
    );
    for (const piece of ['a', ':', ' ', '\n', '\t', 'mx: a\n', 'mx: *.', '-', '.'])
      readStsPolicy(`version: STSv1\n${piece.repeat(20_000)}`);
  });
});

suite('MX hosts', () => {
  test('an asterisk stands for exactly one label', () => {
    fc.assert(
      fc.property(host, label, label, (domain, one, two) => {
        assert.ok(fitsMx([`*.${domain}`], `${one}.${domain}`));
        assert.ok(!fitsMx([`*.${domain}`], domain) || domain.endsWith(`.${domain}`));
        assert.ok(!fitsMx([`*.${domain}`], `${two}.${one}.${domain}`));
        assert.ok(fitsMx([domain], domain));
      }),
    );
  });

  test('a host without a first label, or with part of a label, fits no pattern', () => {
    assert.ok(!fitsMx(['*.b.test'], '.b.test'));
    assert.ok(!fitsMx(['*.b.test'], 'ab.test'));
    assert.ok(!fitsMx(['b.test'], 'a.b.test'));
  });
});
