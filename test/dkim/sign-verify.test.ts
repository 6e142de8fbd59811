// What is signed verifies, whatever the message is, and a change of any byte that is signed is noticed.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SigningForm } from '../../src/dkim/prepare-signature.ts';
import { recordOf, resultsOf, signMessage, verifyMessage } from './support.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');

const keys = {
  'rsa._domainkey.example.com': recordOf(rsa.publicKey),
  'ed._domainkey.example.com': recordOf(ed.publicKey),
};
const forms: readonly Pick<SigningForm, 'headerCanonicalization' | 'bodyCanonicalization'>[] = (
  ['simple', 'relaxed'] as const
).flatMap((headerCanonicalization) =>
  (['simple', 'relaxed'] as const).map((bodyCanonicalization) => ({
    headerCanonicalization,
    bodyCanonicalization,
  })),
);
const ours = { domain: 'example.com' };

const line = fc.string({
  unit: fc.constantFrom('a', 'B', '.', ' ', '\t', ':', ';', '=', '\u00e4', '\u00ff'),
  maxLength: 30,
});
const value = fc
  .array(line, { minLength: 1, maxLength: 3 })
  .map((lines) => lines.map((one) => one.trim() || 'x').join('\r\n\t '));
const field = fc
  .tuple(
    fc.constantFrom('From', 'from', 'To', 'SUBJECT', 'Date', 'Received', 'X-Other', 'List-Id', 'Subject '),
    fc.constantFrom(':', ': ', ':\t '),
    value,
  )
  .map((parts) => parts.join(''));
const messages = fc
  .record({
    fields: fc.array(field, { maxLength: 12 }),
    body: fc.array(line, { maxLength: 12 }),
    hasEnd: fc.boolean(),
    isHeaderOnly: fc.boolean(),
  })
  .map(({ fields, body, hasEnd, isHeaderOnly }) => {
    const header = ['From: joe@example.com', ...fields].join('\r\n');
    const content = body.join('\r\n') + (hasEnd ? '\r\n' : '');
    return Buffer.from(
      isHeaderOnly ? `${header}${hasEnd ? '\r\n' : ''}` : `${header}\r\n\r\n${content}`,
      'latin1',
    );
  });

test('any message that is signed with two keys verifies, in every canonicalization', () => {
  fc.assert(
    fc.property(messages, fc.constantFrom(...forms), (message, form) => {
      const once = signMessage(message, ed.privateKey, { ...ours, ...form, selector: 'ed' });
      const twice = signMessage(once, rsa.privateKey, { ...ours, ...form, selector: 'rsa' });
      assert.deepEqual(resultsOf(twice, keys), ['pass', 'pass']);
    }),
    { numRuns: 200 },
  );
});

test('a change of any byte of a signed field or of the body is noticed', () => {
  const message = Buffer.from(
    'Received: by a\r\nFrom: joe@example.com\r\nSubject: one\r\n two\r\n\r\nHello,\r\nhow are you?\r\n',
  );
  for (const form of forms) {
    const signed = signMessage(message, ed.privateKey, { ...ours, ...form, selector: 'ed' });
    const from = signed.indexOf('From: joe');
    for (let at = from; at < signed.length; at++) {
      // Other line ends are no message that Sluice would take.
      if (signed[at] === 0x0d || signed[at] === 0x0a) continue;
      const changed = Buffer.from(signed);
      changed[at] = signed[at]! ^ 0x03;
      assert.notDeepEqual(resultsOf(changed, keys), ['pass'], `byte ${at - from} of ${JSON.stringify(form)}`);
    }
  }
});

test('a change in the tags of a signature is noticed', () => {
  const signed = signMessage(Buffer.from('From: joe@example.com\r\n\r\nHello\r\n'), ed.privateKey, {
    ...ours,
    selector: 'ed',
    validSeconds: 60,
  });
  const end = signed.indexOf(' b=');
  for (let at = 'DKIM-Signature: '.length; at < end; at++) {
    if (signed[at] === 0x0d || signed[at] === 0x0a) continue;
    const changed = Buffer.from(signed);
    changed[at] = signed[at]! ^ 0x03;
    assert.notDeepEqual(
      resultsOf(changed, keys),
      ['pass'],
      `byte ${at}: ${changed.toString('latin1', at, at + 1)}`,
    );
  }
});

test('a field of an over-signed name that is added is noticed, another one is not', () => {
  const signed = signMessage(Buffer.from('From: joe@example.com\r\n\r\nHello\r\n'), ed.privateKey, {
    ...ours,
    selector: 'ed',
  });
  const withField = (text: string) => resultsOf(Buffer.concat([Buffer.from(text), signed]), keys);
  for (const name of ['From', 'subject', 'Date', 'Content-Type', 'Reply-To'])
    assert.deepEqual(withField(`${name}: other\r\n`), ['fail'], name);
  for (const name of ['Received', 'List-Id', 'X-Spam'])
    assert.deepEqual(withField(`${name}: other\r\n`), ['pass'], name);
});

test('relaxed canonicalization bears what relays do to blanks and folds', () => {
  const signed = signMessage(
    Buffer.from('From: joe@example.com\r\nSubject: one two\r\n\r\nHello you\r\n'),
    rsa.privateKey,
    { ...ours, selector: 'rsa' },
  );
  const refolded = signed
    .toString('latin1')
    .replace('Subject: one two', 'SUBJECT :one\r\n\ttwo  ')
    .replace('Hello you', 'Hello \t you ');
  assert.deepEqual(resultsOf(refolded, keys), ['pass']);
});

test('a signature says when it expires, and is not valid afterwards', () => {
  const signed = signMessage(
    Buffer.from('From: joe@example.com\r\n\r\n'),
    ed.privateKey,
    { ...ours, selector: 'ed', validSeconds: 100 },
    1000,
  );
  assert.match(signed.toString('latin1'), / t=1000; x=1100;/);
  assert.deepEqual(resultsOf(signed, keys, 1100), ['pass']);
  const { signatures } = verifyMessage(signed, keys, { now: 1101 });
  assert.deepEqual([signatures[0]!.result, signatures[0]!.reason], ['fail', 'it has expired']);
});

test('the field has no long lines', () => {
  const fields = Array.from({ length: 20 }, () => 'List-Unsubscribe: <mailto:x@example.com>\r\n').join('');
  const signed = signMessage(Buffer.from(`From: joe@example.com\r\n${fields}\r\n`), rsa.privateKey, {
    ...ours,
    selector: 'rsa',
  });
  assert.deepEqual(resultsOf(signed, keys), ['pass']);
  for (const each of signed.toString('latin1').split('\r\n')) assert.ok(each.length <= 78, each);
});
