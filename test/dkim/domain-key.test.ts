// DomainKeys (RFC 4870): messages that are signed as the RFC says, and what breaks them.

import assert from 'node:assert/strict';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyNameOf } from '../../src/dkim/types.ts';
import { Verification } from '../../src/dkim/verification.ts';
import { answerOf, type Keys, recordOf, splitMessage, verifyMessage } from './support.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const p = recordOf(publicKey).replace(/^.*p=/, 'p=');
const name = 's._domainkey.example.com';
const keys: Keys = { [name]: `k=rsa; t=y; ${p}` };

/** RFC 4870 3.4.2 in plain words, on the whole message at once. */
function canonical(message: string, kind: 'simple' | 'nofws', names?: readonly string[]): string {
  const end = message.indexOf('\r\n\r\n');
  const fields = message.slice(0, end).split(/\r\n(?![ \t])/);
  const signed = fields.filter((field) => names?.includes(field.split(':')[0]!.trim().toLowerCase()) ?? true);
  const unfold = (line: string): string => (kind === 'nofws' ? line.replaceAll(/[ \t\r\n]/g, '') : line);
  const lines = [
    ...signed.map(unfold),
    '',
    ...message
      .slice(end + 4)
      .split('\r\n')
      .map(unfold),
  ];
  while (lines.at(-1) === '') lines.pop();
  return lines.map((line) => `${line}\r\n`).join('');
}

/** @param h - the value of h=; none when not given */
function sign(message: string, kind: 'simple' | 'nofws', h?: string, tags = 'd=example.com; s=s'): string {
  const names = h?.split(':').map((each) => each.trim().toLowerCase());
  const value = createSign('RSA-SHA1')
    .update(canonical(message, kind, names), 'latin1')
    .sign(privateKey, 'base64');
  const field = `DomainKey-Signature: a=rsa-sha1; q=dns; c=${kind}; ${tags};${h === undefined ? '' : ` h=${h};`}\r\n b=${value.slice(0, 60)}\r\n  ${value.slice(60)};\r\n`;
  return field + message;
}

const message =
  'From: Joe <joe@mail.example.com>\r\nTo: a@b.example\r\nSubject: one\r\n  two\r\n\r\nHello \t you\r\n\r\nbye\r\n\r\n\r\n';

function verdict(signed: string, published: Keys = keys): string {
  const { signatures } = verifyMessage(Buffer.from(signed, 'latin1'), published);
  assert.deepEqual(
    signatures.map(({ method }) => method),
    ['domainkeys'],
  );
  return `${signatures[0]!.result} ${signatures[0]!.reason ?? ''}`.trim();
}

test('both canonicalizations pass, with and without h=, and its key may say that it is a test', () => {
  for (const kind of ['simple', 'nofws'] as const)
    for (const h of [undefined, 'From:To:Subject', ' from : subject ']) {
      const { signatures } = verifyMessage(Buffer.from(sign(message, kind, h)), keys);
      const [{ result, domain, selector, isTesting, algorithm }] = signatures as [
        (typeof signatures)[number],
      ];
      assert.deepEqual(
        [result, domain, selector, isTesting, algorithm],
        ['pass', 'example.com', 's', true, 'rsa-sha1'],
      );
    }
});

test('what was changed below the signature is noticed, and what stands above it is not', () => {
  const signed = sign(message, 'nofws');
  assert.match(verdict(signed.replace('bye', 'Bye')), /^fail/);
  assert.match(verdict(signed.replace('Subject: one', 'Subject: two')), /^fail/);
  assert.match(verdict(signed.replace('To:', 'Cc: x@y.example\r\nTo:')), /^fail/);
  assert.equal(verdict(`Received: by x\r\n${signed}`), 'pass');
  assert.equal(
    verdict(signed.replace('Hello \t you', 'Hello you ').replace('one\r\n  two', 'one two')),
    'pass',
  );
  assert.match(verdict(sign(message, 'simple').replace('Hello \t you', 'Hello you')), /^fail/);
  assert.match(
    verdict(sign(message, 'nofws', 'From:Subject').replace('To:', 'Cc: x@y.example\r\nTo:')),
    /^pass/,
  );
});

test('the domain must be that of Sender, or else of From, and the key must be meant for it', () => {
  const withSender = `Sender: x@other.example\r\n${message}`;
  assert.match(verdict(sign(withSender, 'nofws')), /^permerror its domain is not that of the sender/);
  assert.equal(verdict(sign(withSender.replace('other.example', 'example.com'), 'nofws')), 'pass');
  const signed = sign(message, 'nofws');
  assert.equal(verdict(signed, { [name]: `g=joe; ${p}` }), 'pass');
  assert.equal(verdict(signed, { [name]: `v=DKIM1; g=*; ${p}` }), 'pass');
  assert.match(verdict(signed, { [name]: `g=sue; ${p}` }), /^permerror the key is meant for another sender/);
  assert.match(verdict(signed, { [name]: `h=sha256; ${p}` }), /^permerror the key is not meant for SHA-1/);
  assert.match(verdict(signed, { [name]: 'p=' }), /^permerror the key is revoked/);
  assert.match(verdict(signed, {}), /^permerror no key/);
  assert.match(verdict(signed, { [name]: { kind: 'temperror', reason: 'SERVFAIL' } }), /^temperror SERVFAIL/);
});

test('signatures that say nothing that can be verified are permanent errors', () => {
  const signed = sign(message, 'nofws');
  assert.match(verdict(signed.replace('a=rsa-sha1', 'a=rsa-sha256')), /^permerror its algorithm/);
  assert.match(verdict(signed.replace('c=nofws', 'c=relaxed')), /^permerror its canonicalization/);
  assert.match(verdict(signed.replace('d=example.com', 'd=example.net')), /^permerror its domain/);
  assert.match(verdict(signed.replace('q=dns', 'q=http')), /^permerror its key/);
  assert.match(verdict(signed.replace('s=s', 's=s; s=t')), /^permerror the tag s= is given twice/);
  assert.match(
    verdict(`DomainKey-Signature: ${'x=y; '.repeat(20_000)}\r\n${message}`),
    /^permerror the field is too large/,
  );
});

test('however the body is cut, the result is the same', () => {
  const part = fc.constantFrom('a', ' ', '\t', '\r\n', '\r\n\r\n', 'b \r\n');
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 15 }),
      fc.constantFrom('simple' as const, 'nofws' as const),
      (parts, kind) => {
        const whole = sign(`From: joe@example.com\r\n\r\n${parts.join('')}`, kind);
        const [header, body] = splitMessage(Buffer.from(whole));
        const verification = new Verification(header, 0);
        for (const byte of body) verification.body(Buffer.from([byte]));
        const answers = new Map(
          verification.questions.map((each) => [keyNameOf(each), answerOf(keys, keyNameOf(each))] as const),
        );
        assert.deepEqual(
          verification.results(answers).signatures.map(({ result }) => result),
          ['pass'],
        );
      },
    ),
    { numRuns: 200 },
  );
});
