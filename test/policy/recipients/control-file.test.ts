// The file control/recipients of s/qmail: what each form of a line means, and which lines nobody can understand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRecipientsControl } from '../../../src/policy/recipients/control-file.ts';

const understood: readonly [string, object][] = [
  ['!*', { kind: 'open-to-others' }],
  ['!Example.COM', { kind: 'open', domain: 'example.com' }],
  ['!localhost', { kind: 'open', domain: 'localhost' }],
  [
    '@example.com:users/recipients.cdb',
    {
      kind: 'source',
      domains: { kind: 'exact', domain: 'example.com' },
      asked: { kind: 'cdb', path: 'users/recipients.cdb' },
    },
  ],
  [
    'example.com:/etc/a b.cdb',
    {
      kind: 'source',
      domains: { kind: 'with-subdomains', domain: 'example.com' },
      asked: { kind: 'cdb', path: '/etc/a b.cdb' },
    },
  ],
  [
    '.example.com|bin/qmail-smtpam  mx.example.com:25\ttrue',
    {
      kind: 'source',
      domains: { kind: 'subdomains', domain: 'example.com' },
      asked: { kind: 'program', command: ['bin/qmail-smtpam', 'mx.example.com:25', 'true'] },
    },
  ],
  [
    '*|/usr/bin/ldapam host',
    {
      kind: 'source',
      domains: { kind: 'all' },
      asked: { kind: 'program', command: ['/usr/bin/ldapam', 'host'] },
    },
  ],
  [
    '*:etc/fastforward.cdb',
    { kind: 'source', domains: { kind: 'all' }, asked: { kind: 'cdb', path: 'etc/fastforward.cdb' } },
  ],
  ['users/recipients.cdb', { kind: 'for-others', asked: { kind: 'cdb', path: 'users/recipients.cdb' } }],
  [
    'Joe@Bücher.example',
    { kind: 'address', key: 'joe@xn--bcher-kva.example', domain: 'xn--bcher-kva.example' },
  ],
];

for (const [line, expected] of understood) {
  test(`understood: ${line}`, () => {
    assert.deepEqual(parseRecipientsControl(`# about\n\n  ${line} \t\r\n`), [{ number: 3, ...expected }]);
  });
}

const refused: readonly [string, RegExp][] = [
  ['*', /^line 2: "\*" alone names no source; write "!\*"/],
  [':users.cdb', /^line 2: a domain, or "\*" for all, is missing before ":"/],
  ['|program', /is missing before "\|"/],
  ['example.com:', /the path of a cdb is missing/],
  ['example.com|  ', /a program is missing/],
  ['@example.com', /a source is missing/],
  ['*.example.com:a.cdb', /write "example.com" for this domain and all under it/],
  ['!*.example.com', /write "example.com" for this domain/],
  ['!', /is not a domain name/],
  ['!a b', /is not a domain name/],
  ['joe@example.com:a.cdb', /is an address; write a domain/],
  ['joe@', /is not a domain name/],
  ['joe doe@example.com', /is not a mail address/],
  ['a\0b:c', /control character/],
];

for (const [line, message] of refused) {
  test(`refused: ${JSON.stringify(line)}`, () => {
    assert.throws(() => parseRecipientsControl(`!example.org\n${line}\n!*`), { message });
  });
}

test('whatever a file holds, it is read, or the line that cannot be is named', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '!',
      '*',
      '@',
      ':',
      '|',
      '.',
      '#',
      '\n',
      ' ',
      '\t',
      'example.com',
      'joe',
      'a/b.cdb',
      '\r\n',
    ),
    fc.string({ unit: 'binary', maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      const meant = text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
      try {
        const lines = parseRecipientsControl(text);
        assert.equal(lines.length, meant.length);
        assert.deepEqual(
          lines.map(({ number }) => number),
          lines.map(({ number }) => number).toSorted((a, b) => a - b),
        );
      } catch (error) {
        assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), String(error));
        assert.match(error.message, /^line \d+: ./u);
      }
    }),
    { numRuns: 500 },
  );
});
