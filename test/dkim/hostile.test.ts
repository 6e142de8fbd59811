// Messages that are made to cost time, and keys and records that no honest domain publishes: each costs a bounded amount of work and
// comes to a permanent error.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Keys, recordOf, resultsOf, signMessage, verifyMessage } from './support.ts';

const ed = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const plain = Buffer.from('From: joe@example.com\r\nSubject: x\r\n\r\nHello\r\n');
const form = { domain: 'example.com', selector: 's' };
const name = 's._domainkey.example.com';

/** Milliseconds of CPU. */
function cpuMs(run: () => void): number {
  const { user, system } = process.cpuUsage();
  run();
  const after = process.cpuUsage();
  return (after.user + after.system - user - system) / 1000;
}

const keys: Keys = { [name]: recordOf(rsa.publicKey) };
const signed = signMessage(plain, rsa.privateKey, form);
const field = signed.subarray(0, signed.indexOf('From: joe'));

/** The only result, with its reason. */
function verdict(message: Buffer | string, published: Keys = keys): string {
  const { signatures } = verifyMessage(message, published);
  assert.equal(signatures.length, 1);
  return `${signatures[0]!.result}: ${signatures[0]!.reason}`;
}

test('ten thousand signatures: the first ten are looked at, all others are one error', () => {
  const message = Buffer.concat([...Array.from({ length: 300 }, () => field), plain]);
  const { signatures } = verifyMessage(message, keys);
  assert.deepEqual(
    signatures.map(({ result }) => result),
    [...Array.from({ length: 10 }, () => 'pass'), 'permerror'],
  );
  assert.equal(signatures[10]!.reason, '290 more signatures were not looked at');
  // Ten thousand need more than the largest header.
  const many = Buffer.concat([
    ...Array.from({ length: 10_000 }, () => Buffer.from('DKIM-Signature: v=1;\r\n')),
    plain,
  ]);
  assert.deepEqual(
    resultsOf(many, keys),
    Array.from({ length: 11 }, () => 'permerror'),
  );
  const huge = Buffer.concat([...Array.from({ length: 10_000 }, () => field), plain]);
  assert.match(verdict(huge), /^permerror: the header is larger than 512 KiB/);
  assert.ok(cpuMs(() => verifyMessage(huge, keys)) < 50);
  assert.ok(cpuMs(() => verifyMessage(many, keys)) < 200);
});

test('a megabyte of tags is not read', () => {
  const tags = Array.from({ length: 30_000 }, (_, index) => `t${index}=x`);
  const message = `DKIM-Signature: ${tags.slice(0, 3_000).join('; ')}\r\n${plain.toString()}`;
  assert.match(verdict(message), /^permerror: there are more than 64 tags/);
  const large = `DKIM-Signature: ${tags.slice(0, 5_000).join('; ')}\r\n${plain.toString()}`;
  assert.match(verdict(large), /^permerror: the field is larger than 32 KiB/);
  const megabyte = `DKIM-Signature: ${tags.join('; ').repeat(4)}\r\n${plain.toString()}`;
  assert.match(verdict(megabyte), /^permerror: the header is larger/);
  assert.match(
    verdict(signed, { [name]: tags.join('; ').repeat(4) }),
    /^permerror: the key record is longer/,
  );
});

test('keys of 512 and of 16384 bits, and one with a huge exponent, are not used', () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 768 });
  assert.match(
    verdict(signMessage(plain, short.privateKey, form), { [name]: recordOf(short.publicKey) }),
    /^permerror: an RSA key of 768 bits is too short/,
  );
  // A public key is only numbers: one of 16384 bits need not be made, which takes minutes.
  const jwk = (bytes: number, e: Buffer) => ({
    kty: 'RSA',
    n: Buffer.concat([Buffer.from([0xc1]), Buffer.alloc(bytes - 2, 0x5a), Buffer.from([1])]).toString(
      'base64url',
    ),
    e: e.toString('base64url'),
  });
  for (const [bytes, exponent] of [
    [2048, Buffer.from([1, 0, 1])],
    [256, Buffer.alloc(250, 0xff)],
  ] as const) {
    const der = spkiOf(jwk(bytes, exponent));
    const published = { [name]: `p=${der.toString('base64')}` };
    assert.match(verdict(signed, published), /^permerror: an RSA key of \d+ bits is larger/);
    assert.ok(cpuMs(() => verdict(signed, published)) < 50);
  }
});

/** The DER of a public key that node:crypto would refuse to make. */
function spkiOf({ n, e }: { n: string; e: string }): Buffer {
  const tlv = (tag: number, ...parts: Buffer[]): Buffer => {
    const content = Buffer.concat(parts);
    const length =
      content.length < 128
        ? Buffer.from([content.length])
        : Buffer.from([0x82, content.length >> 8, content.length & 0xff]);
    return Buffer.concat([Buffer.from([tag]), length, content]);
  };
  const integer = (text: string) => tlv(2, Buffer.from([0]), Buffer.from(text, 'base64url'));
  const oid = Buffer.from('300d06092a864886f70d0101010500', 'hex');
  return tlv(0x30, oid, tlv(3, Buffer.from([0]), tlv(0x30, integer(n), integer(e))));
}

test('records of keys: what may not be used, and what is no key', () => {
  const p = recordOf(rsa.publicKey).slice('v=DKIM1; k=rsa; '.length);
  const said = (record: string): string => verdict(signed, { [name]: record });
  assert.match(said('v=DKIM1; p='), /^permerror: the key is revoked/);
  assert.match(said('v=DKIM1'), /^permerror: the key record has no p=/);
  assert.match(said(`k=rsa; v=DKIM1; ${p}`), /^permerror: the key record does not begin/);
  assert.match(said(`v=DKIM2; ${p}`), /^permerror: the key record does not begin/);
  assert.match(said(`h=sha1; ${p}`), /^permerror: the key is not meant for SHA-256/);
  assert.match(said(`s=other; ${p}`), /^permerror: the key is not meant for mail/);
  assert.match(said(recordOf(ed.publicKey)), /^permerror: the key is not of the type rsa/);
  assert.match(said(`"v=DKIM1; ${p}"`), /^permerror: in the key record, a tag has a name/);
  assert.match(said(`v=DKIM1; p="AAAA"`), /^permerror: the key is not base64/);
  assert.match(said('v=DKIM1; p=AAAA'), /^permerror: the key cannot be read/);
  assert.equal(said(`h=sha1:sha256; s=tlsrpt:email; t=y:s; n=a note; g=*; ${p}`), 'pass: undefined');
  assert.equal(verifyMessage(signed, { [name]: `t=y; ${p}` }).signatures[0]!.isTesting, true);
});

test('of several records, the one that fits counts', () => {
  const good = recordOf(rsa.publicKey);
  assert.deepEqual(resultsOf(signed, { [name]: ['v=spf1 -all', recordOf(ed.publicKey), good] }), ['pass']);
  const other = recordOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey);
  assert.deepEqual(resultsOf(signed, { [name]: ['v=DKIM1; p=', other] }), ['fail']);
  assert.deepEqual(resultsOf(signed, { [name]: ['x', 'x', 'x', 'x', good] }), ['permerror']);
});

test('without a key it is a permanent error, and a temporary one when nobody can tell', () => {
  assert.match(verdict(signed, {}), /^permerror: no key is published/);
  assert.match(
    verdict(signed, { [name]: { kind: 'temperror', reason: 'SERVFAIL' } }),
    /^temperror: SERVFAIL/,
  );
});

test('a part of the body that no signature covers makes a pass worthless', () => {
  const message = signed.toString('latin1');
  const cut = message.replace(' b=', ' l=7;\r\n b=');
  assert.deepEqual(resultsOf(cut, keys), ['fail'], 'the tag itself is signed');
  assert.match(verdict(cut.replace('l=7', 'l=99')), /^permerror: the body is shorter/);
});

test('signatures that cannot be verified say what is wrong', () => {
  const said = (change: (text: string) => string) => verdict(change(signed.toString('latin1')));
  assert.match(
    said((text) => text.replace('v=1', 'v=2')),
    /^permerror: its version/,
  );
  assert.match(
    said((text) => text.replace('v=1;', '')),
    /^permerror: the tag v= is missing/,
  );
  assert.match(
    said((text) => text.replace('a=rsa-sha256', 'a=rsa-sha1')),
    /^permerror: rsa-sha1/,
  );
  assert.match(
    said((text) => text.replace('a=rsa-sha256', 'a=rsa-sha512')),
    /^neutral: its algorithm/,
  );
  assert.match(
    said((text) => text.replace('c=relaxed', 'c=nofws')),
    /^permerror: its canonicalization/,
  );
  assert.match(
    said((text) => text.replace('From:From:', '')),
    /^permerror: the From field is not signed/,
  );
  assert.match(
    said((text) => text.replace('d=example.com', 'd=-')),
    /^permerror: the tag d= is not a domain/,
  );
  assert.match(
    said((text) => text.replace('s=s;', 's=;')),
    /^permerror: the tag s= is not a selector/,
  );
  assert.match(
    said((text) => text.replace('v=1', 'v=1; i=@other.example')),
    /^permerror: the domain of i=/,
  );
  assert.match(
    said((text) => text.replace('v=1', 'v=1; i=joe')),
    /^permerror: the tag i= is not an address/,
  );
  assert.match(
    said((text) => text.replace('v=1', 'v=1; q=http')),
    /^permerror: its key is published/,
  );
  assert.match(
    said((text) => text.replace('v=1', 'v=1; x=1')),
    /^permerror: it expires before/,
  );
  assert.match(
    said((text) => text.replace(/t=\d+/, 't=soon')),
    /^permerror: the tag t= is not a number/,
  );
  assert.match(
    said((text) => text.replace(/bh=../, 'bh=!!')),
    /^permerror: the tag bh= is not base64/,
  );
  assert.match(
    said((text) => text.replace('v=1', 'v=1; i=joe@sub.example.com')),
    /^fail: the signature does not fit/,
  );
});

test('a key with t=s is not for domains below its own', () => {
  const text = signed.toString('latin1').replace('v=1', 'v=1; i=@sub.example.com');
  assert.match(
    verdict(text, { [name]: `t=s; ${recordOf(rsa.publicKey)}`.replace('t=s; v=DKIM1; ', 't=s; ') }),
    /^permerror: the key may not/,
  );
});

test('whatever is in the header and in the records, verification ends with results', () => {
  const part = fc.constantFrom(
    'DKIM-Signature:',
    'ARC-Seal: ',
    'ARC-Message-Signature: ',
    'ARC-Authentication-Results: i=1; x\r\n',
    'v=1;',
    ' a=rsa-sha256;',
    'd=example.com;',
    's=s;',
    'h=from;',
    'bh=AAAA;',
    'b=AAAA',
    'i=1;',
    'cv=none;',
    'cv=pass;',
    ' ',
    '\r\n',
    '\r\n ',
    ';',
    '=',
    '\u00ff',
    'From: x\r\n',
    'l=1;',
    'q=x;',
    '\0',
  );
  const record = fc
    .array(fc.constantFrom('v=DKIM1;', 'p=', 'AAAA', 'k=ed25519;', 'h=sha256;', 't=s;', '"', ' ', ';'), {
      maxLength: 8,
    })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), record, (parts, text) => {
      const { signatures, arc } = verifyMessage(
        Buffer.from(parts.join(''), 'latin1'),
        { [name]: text },
        { arc: true },
      );
      for (const { result, reason } of signatures) {
        assert.notEqual(result, 'pass');
        assert.match(reason!, /^[\x20-\x7e]+$/);
      }
      assert.ok(arc !== undefined);
    }),
    { numRuns: 2_000 },
  );
});
