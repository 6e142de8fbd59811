// DomainKeys (RFC 4870) that are made here: the verifier takes them for every shape of message, and notices each change.

import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, privateEncrypt } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeaderBlock } from '../../src/dkim/header-block.ts';
import { domainKeyDigest, prepareDomainKey } from '../../src/dkim/sign-domain-key.ts';
import { usualNames } from '../../src/dkim/signed-names.ts';
import { recordOf, splitMessage, verifyMessage } from './support.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const published = { 's._domainkey.example.com': recordOf(publicKey) };
const form = { domain: 'example.com', selector: 's' };
const signedNames = new Set(
  [...usualNames.overSigned, ...usualNames.ifPresent].map((name) => name.toLowerCase()),
);

/** @param pieces - lengths of the pieces in which the body is read */
async function sign(message: Buffer, pieces: readonly number[] = []): Promise<Buffer> {
  const [header, body] = splitMessage(message);
  const fields = new HeaderBlock(header).fields.filter(({ name }) => signedNames.has(name));
  const parts: Buffer[] = [];
  let rest = body;
  for (const length of pieces) {
    parts.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  const digest = await domainKeyDigest(fields, [...parts, rest]);
  const prepared = prepareDomainKey(fields, digest, form);
  assert.ok(prepared !== undefined);
  const padding = constants.RSA_PKCS1_PADDING;
  return Buffer.concat([
    prepared.field(privateEncrypt({ key: privateKey, padding }, prepared.bytes)),
    message,
  ]);
}

function verdict(signed: Buffer): string {
  return verifyMessage(signed, published)
    .signatures.map(({ method, result }) => `${method} ${result}`)
    .join(', ');
}

const eightBit = 'From: Joe <joe@mail.example.com>\r\nSubject: gr\u00fc\u00dfe\r\n\tfrom here\r\n';
const shapes: Readonly<Record<string, string>> = {
  usual: `${eightBit}To: a@b.example\r\n\r\nHello \t you\r\n`,
  'an empty body': `${eightBit}\r\n`,
  'no body': eightBit,
  'no body and no last line end': 'From: joe@example.com\r\nSubject: x',
  'a body of empty lines': `${eightBit}\r\n\r\n\r\n`,
  'a body of blanks': `${eightBit}\r\n \t\r\n\r\n  \r\n`,
  'no last line end': `${eightBit}\r\nHello`,
  'a folded field whose second line is blank': 'Subject: a\r\n \r\n b\r\nFrom: joe@example.com\r\n\r\nx\r\n',
  'fields of one name, apart': 'To: a@b.example\r\nFrom: joe@example.com\r\nTo: c@d.example\r\n\r\nx\r\n',
  'a sender': 'From: a@other.example\r\nSender: joe@example.com\r\n\r\nx\r\n',
  'octets of binary mail': 'From: joe@example.com\r\n\r\n\0\u00ff\rx\ny\r',
};

test('every shape of message passes', async () => {
  for (const [shape, message] of Object.entries(shapes))
    assert.equal(verdict(await sign(Buffer.from(message, 'latin1'))), 'domainkeys pass', shape);
});

test('the field says what it is, and names each field in order, or each name once when there are very many', async () => {
  for (const [times, names] of [
    [2, 'to:to:from:subject:to'],
    [500, 'to:from:subject'],
  ] as const) {
    const message = `${'To: a@b.example\r\n'.repeat(times)}${shapes['usual'] ?? ''}`;
    const signed = (await sign(Buffer.from(message, 'latin1'))).toString('latin1');
    const field = signed.slice(0, signed.indexOf('\r\nTo:'));
    const form =
      /^DomainKey-Signature: a=rsa-sha1; c=nofws; q=dns;\r\n d=example\.com; s=s;\r\n h=([a-z:]+);\r\n b=[\w+/=\r\n ]+;$/;
    assert.equal(form.exec(field)?.[1], names);
    for (const line of field.split('\r\n')) assert.ok(line.length <= 78, line);
    assert.equal(verdict(Buffer.from(signed, 'latin1')), 'domainkeys pass');
  }
});

test('a change of what is signed is noticed; new white space, and fields that are not signed, are not', async () => {
  const signed = (await sign(Buffer.from(shapes['usual'] ?? '', 'latin1'))).toString('latin1');
  for (const [from, to, result] of [
    ['Hello', 'Hallo', 'fail'],
    ['from here', 'from there', 'fail'],
    ['To: a@', 'To: b@', 'fail'],
    ['To: a@', 'Subject: other\r\nTo: a@', 'fail'],
    ['Hello \t you', 'Hello you ', 'pass'],
    ['\r\n\tfrom here', ' from here', 'pass'],
    ['To: a@', 'X-Other: y\r\nTo: a@', 'pass'],
  ] as const) {
    assert.ok(signed.includes(from));
    assert.equal(verdict(Buffer.from(signed.replace(from, to), 'latin1')), `domainkeys ${result}`, to);
  }
});

test('who sends for another domain gets no signature that nobody would take', () => {
  for (const header of ['From: a@other.example\r\n', 'From: joe@example.com\r\nSender: a@other.example\r\n'])
    assert.equal(
      prepareDomainKey(new HeaderBlock(Buffer.from(header)).fields, Buffer.alloc(20), form),
      undefined,
    );
});

test('nothing is signed that is no digest of SHA-1', () => {
  const { fields } = new HeaderBlock(Buffer.from('From: joe@example.com\r\n'));
  for (const length of [0, 16, 19, 21, 32])
    assert.throws(() => prepareDomainKey(fields, Buffer.alloc(length), form), /not one of SHA-1/);
});

test('whatever the message and its pieces, it passes; with another letter in it, it fails', async () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', ' ', '\t', ':', '\u00e4', '\r\n '),
    maxLength: 20,
  });
  const field = fc
    .tuple(fc.constantFrom('To', 'Subject', 'From', 'X-A', 'Sender'), text)
    .map(([name, value]) => (name === 'Sender' ? 'Sender: b@example.com\r\n' : `${name}: ${value}\r\n`));
  const body = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\t', '\r\n', '\r', '\n', '\u00e4') });
  const pieces = fc.array(fc.nat(9), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.array(field, { maxLength: 5 }), body, pieces, async (fields, content, cuts) => {
      const message = `From: joe@example.com\r\n${fields.join('')}\r\n${content}`;
      const signed = await sign(Buffer.from(message, 'latin1'), cuts);
      assert.equal(verdict(signed), 'domainkeys pass');
      const start = signed.length - Buffer.byteLength(content, 'latin1');
      const at = signed.indexOf('a', start);
      if (at === -1) return;
      const changed = Buffer.from(signed);
      changed[at] = 0x63;
      assert.equal(verdict(changed), 'domainkeys fail');
    }),
    { numRuns: 200 },
  );
});
