// Paths and mailboxes (RFC 5321 4.1.2, 4.5.3.1, RFC 6531 3.3).

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { describeAddressFault } from '../../src/address/address-fault.ts';
import { parseMailbox, parsePath } from '../../src/address/path.ts';

const label = (length: number): string => 'd'.repeat(length);
const domain255 = [label(63), label(63), label(63), label(63)].join('.');

test('a mailbox is split into local part and domain, as written', () => {
  assert.deepEqual(parsePath('<Jo.Doe+x@Mail.Example.COM>'), {
    kind: 'mailbox',
    localPart: 'Jo.Doe+x',
    domain: 'Mail.Example.COM',
    address: 'Jo.Doe+x@Mail.Example.COM',
    nonAscii: false,
    end: 27,
  });
});

test('a path may be within a text, and its end is returned', () => {
  const path = parsePath('TO:<a@b> X=1', {}, 3);
  assert.ok(path.kind === 'mailbox');
  assert.equal(path.end, 8);
});

test('bytes are read as UTF-8', () => {
  const path = parsePath(Buffer.from('<jürg@bücher.example>'), { allowUtf8: true });
  assert.ok(path.kind === 'mailbox');
  assert.equal(path.address, 'jürg@bücher.example');
  assert.equal(path.nonAscii, true);
  assert.deepEqual(parsePath(Buffer.from('<j\xfcrg@b>', 'latin1'), { allowUtf8: true }), {
    kind: 'invalid',
    reason: 'not-utf8',
  });
});

test('the null path and postmaster, where they are allowed', () => {
  assert.deepEqual(parsePath('<>', { allowNull: true }), {
    kind: 'null',
    address: '',
    nonAscii: false,
    end: 2,
  });
  assert.deepEqual(parsePath('<PostMaster>', { allowPostmaster: true }), {
    kind: 'postmaster',
    address: 'PostMaster',
    nonAscii: false,
    end: 12,
  });
});

test('a source route is read and dropped', () => {
  const path = parsePath('<@one.example,@two.example:a@b.example>');
  assert.ok(path.kind === 'mailbox');
  assert.equal(path.address, 'a@b.example');
});

/** What is refused, and why. */
const refused: readonly (readonly [path: string, reason: string])[] = [
  ['', 'no-brackets'],
  ['a@b', 'no-brackets'],
  ['<a@b', 'no-brackets'],
  ['<a', 'no-domain'],
  ['<>', 'null-not-allowed'],
  ['<@b>', 'domain-syntax'],
  ['<@one,two:a@b>', 'domain-syntax'],
  ['<@one.example>', 'domain-syntax'],
  ['<postmaster>', 'no-domain'],
  ['<a@>', 'no-domain'],
  ['<a b@c>', 'local-part-syntax'],
  ['<a..b@c>', 'local-part-syntax'],
  ['<.a@c>', 'local-part-syntax'],
  ['<"a@c>', 'local-part-syntax'],
  ['<"a\x01"@c>', 'local-part-syntax'],
  ['<"a\\\x01"@c>', 'local-part-syntax'],
  ['<a@b..c>', 'domain-syntax'],
  ['<a@-b>', 'domain-syntax'],
  ['<a@b..>', 'domain-syntax'],
  ['<a@.>', 'domain-syntax'],
  ['<a@[192.0.2.1].>', 'literal-syntax'],
  ['<a@b@c>', 'domain-syntax'],
  ['<a@b c>', 'domain-syntax'],
  ['<a@[1.2.3]>', 'literal-syntax'],
  ['<a@[IPv6:fe80::1%eth0]>', 'literal-syntax'],
  ['<a@[X-tag:abc]>', 'literal-syntax'],
  ['<jürg@b>', 'non-ascii'],
  [`<a@${label(64)}>`, 'domain-too-long'],
  [`<a@${domain255}.d>`, 'domain-too-long'],
  [`<${'l'.repeat(32_768)}@b>`, 'path-too-long'],
];

for (const [path, reason] of refused) {
  test(`${path} is refused: ${reason}`, () => {
    assert.deepEqual(parsePath(path), { kind: 'invalid', reason });
  });
}

test('every refusal has a sentence', () => {
  for (const path of refused) {
    const parsed = parsePath(path[0]);
    assert.ok(parsed.kind === 'invalid');
    assert.match(describeAddressFault(parsed.reason), /^the |^there /);
  }
});

test('local parts and paths may have any length, up to what the spool can keep', () => {
  for (const length of [64, 65, 200, 1000]) {
    assert.equal(parsePath(`<${'l'.repeat(length)}@b>`).kind, 'mailbox');
    assert.equal(parseMailbox(`"${'l'.repeat(length)}"@b`).kind, 'mailbox');
  }
  assert.equal(parsePath(`<${'l'.repeat(64)}@${domain255}>`).kind, 'mailbox');
  assert.equal(parsePath(`<${'l'.repeat(32_764)}@b>`).kind, 'mailbox');
  const options = { allowUtf8: true };
  assert.equal(parsePath(`<${'é'.repeat(16_382)}@b>`, options).kind, 'mailbox');
  assert.deepEqual(parsePath(`<${'é'.repeat(16_383)}@b>`, options), {
    kind: 'invalid',
    reason: 'path-too-long',
  });
});

test('underscores stand anywhere in a domain', () => {
  for (const domain of ['web_1', 'my_sub.rcpt.test', '_dmarc.rcpt.test', 'a_.b_', '_']) {
    const path = parsePath(`<a@${domain}>`);
    assert.ok(path.kind === 'mailbox');
    assert.equal(path.domain, domain);
  }
});

test('a final dot of the domain is dropped, also in a source route', () => {
  const path = parsePath('<@one.example.,@two.example.:a@b.example.> X', {});
  assert.ok(path.kind === 'mailbox');
  assert.equal(path.address, 'a@b.example');
  assert.equal(path.domain, 'b.example');
  assert.equal(path.end, 42);
  const mailbox = parseMailbox('a@b.example.');
  assert.ok(mailbox.kind === 'mailbox');
  assert.equal(mailbox.address, 'a@b.example');
});

test('international mailboxes', () => {
  const options = { allowUtf8: true };
  assert.equal(parsePath('<δοκιμή@παράδειγμα.δοκιμή>', options).kind, 'mailbox');
  assert.equal(parsePath('<"é è"@b>', options).kind, 'mailbox');
  assert.equal(parsePath('<"\\é"@b>', options).kind, 'invalid');
  assert.equal(parsePath('<a@é_b>', options).kind, 'mailbox');
  assert.equal(parsePath('<a@é..b>', options).kind, 'invalid');
  assert.equal(parsePath('<a@é/b>', options).kind, 'invalid');
  assert.equal(parsePath('<\ud800@b>', options).kind, 'invalid');
});

test('a bare mailbox has no brackets, no null form and no postmaster without a domain', () => {
  assert.equal(parseMailbox('a@b').kind, 'mailbox');
  assert.equal(parseMailbox('jürg@bücher.example').kind, 'mailbox');
  assert.deepEqual(parseMailbox(''), { kind: 'invalid', reason: 'no-local-part' });
  assert.deepEqual(parseMailbox('@b'), { kind: 'invalid', reason: 'no-local-part' });
  assert.deepEqual(parseMailbox('root'), { kind: 'invalid', reason: 'no-domain' });
  assert.deepEqual(parseMailbox('<a@b>'), { kind: 'invalid', reason: 'local-part-syntax' });
  assert.deepEqual(parseMailbox('a@b>'), { kind: 'invalid', reason: 'domain-syntax' });
});

const atom = fc.string({
  unit: fc.constantFrom(...'abcXYZ019!#$%&*+-/=?^_`{|}~'),
  minLength: 1,
  maxLength: 8,
});
const dotString = fc.array(atom, { minLength: 1, maxLength: 4 }).map((atoms) => atoms.join('.'));
const quoted = fc
  .array(
    fc.oneof(fc.constantFrom('a', ' ', '@', '>', '<', '.', ','), fc.constantFrom('\\"', '\\\\', '\\a')),
    { maxLength: 12 },
  )
  .map((parts) => `"${parts.join('')}"`);
const hostLabel = fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?$/);
const host = fc.oneof(
  fc.array(hostLabel, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
  fc.ipV4().map((address) => `[${address}]`),
);

test('every mailbox of the grammar is read back, alone and as a path', () => {
  fc.assert(
    fc.property(fc.oneof(dotString, quoted), host, (localPart, domain) => {
      const address = `${localPart}@${domain}`;
      const mailbox = parseMailbox(address);
      assert.ok(mailbox.kind === 'mailbox', address);
      assert.deepEqual([mailbox.localPart, mailbox.domain, mailbox.address], [localPart, domain, address]);
      const path = parsePath(`x<@r.example:${address}> y`, {}, 1);
      assert.ok(path.kind === 'mailbox');
      assert.deepEqual([path.address, path.end], [address, address.length + 14]);
    }),
    { numRuns: 500 },
  );
});

test('no text makes the parser throw, and an accepted address consists of its parts', () => {
  const text = fc.string({ unit: fc.constantFrom(...'<>@.:,;"\\[] ab1-é\0\r\n'), maxLength: 24 });
  fc.assert(
    fc.property(
      fc.oneof(
        text,
        text.map((inner) => `<${inner}>`),
        fc.string({ unit: 'binary' }),
      ),
      (given) => {
        const path = parsePath(given, { allowUtf8: true, allowNull: true, allowPostmaster: true });
        if (path.kind === 'mailbox') {
          assert.equal(path.address, `${path.localPart}@${path.domain}`);
          assert.equal(given[path.end - 1], '>');
          assert.ok(!/[\0\r\n]/.test(path.address));
        }
      },
    ),
    { numRuns: 3000 },
  );
});
