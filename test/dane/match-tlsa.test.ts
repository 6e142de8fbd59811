// Chains of certificates against TLSA records (RFC 7671, RFC 7672 3): one row for each rule.

import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { readCertificateParts } from '../../src/tls/certificate-parts.ts';
import { matchTlsa } from '../../src/dane/match-tlsa.ts';
import { usableRecords } from '../../src/dane/usable-records.ts';
import type { TlsaRecord } from '../../src/values/tls-policy.ts';
import { makeAuthority, selfSigned } from '../support/certificates.ts';

const now = Date.now();
const dayMs = 86_400_000;
const name = 'mx.example.com';
const root = makeAuthority({ name: 'Root' });
const middle = root.intermediate('Middle');
const lower = middle.intermediate('Lower');
const stranger = makeAuthority({ name: 'Stranger' });
const leaf = middle.issue({ names: [name] });

const der = (pem: string): Buffer => new X509Certificate(pem).raw;
const chainOf = (...pems: readonly string[]): Buffer[] => pems.map(der);
const sent = chainOf(leaf.certificate, middle.certificate, root.certificate);

/** A record about a certificate, e.g. `[3, 1, 1]`. */
function about(pem: string, [usage, selector, matchingType]: readonly [number, number, number]): TlsaRecord {
  const x509 = new X509Certificate(pem);
  const bytes = selector === 0 ? x509.raw : x509.publicKey.export({ type: 'spki', format: 'der' });
  const data =
    matchingType === 0
      ? bytes.toString('hex')
      : createHash(matchingType === 1 ? 'sha256' : 'sha512')
          .update(bytes)
          .digest('hex');
  return { usage, selector, matchingType, data };
}

const match = (chain: readonly Buffer[], tlsa: readonly TlsaRecord[], names = [name], at = now) => {
  const verdict = matchTlsa(chain, { tlsa, names }, at);
  return verdict.kind === 'failed' ? verdict.result : verdict.kind;
};

for (const selector of [0, 1]) {
  for (const matchingType of [0, 1, 2]) {
    const form = `${selector} ${matchingType}`;
    test(`3 ${form} matches the server's own certificate, and no other one`, () => {
      assert.equal(match(sent, [about(leaf.certificate, [3, selector, matchingType])]), 'dane-ee');
      const wrong = about(middle.certificate, [3, selector, matchingType]);
      assert.equal(match(sent, [wrong]), 'validation-failure');
    });
    test(`2 ${form} matches an authority in the chain, wherever it stands`, () => {
      for (const { certificate } of [middle, root]) {
        assert.equal(match(sent, [about(certificate, [2, selector, matchingType])]), 'dane-ta');
      }
      const wrong = about(stranger.certificate, [2, selector, matchingType]);
      assert.equal(match(sent, [wrong]), 'certificate-not-trusted');
    });
    test(`2 ${form} about the server's own certificate matches nothing`, () => {
      assert.equal(
        match(sent, [about(leaf.certificate, [2, selector, matchingType])]),
        'certificate-not-trusted',
      );
    });
  }
}

test('usage 3 does not look at names, dates or issuers', () => {
  const expired = selfSigned({ names: ['elsewhere.example'], from: now - 20 * dayMs, until: now - dayMs });
  assert.equal(match(chainOf(expired.certificate), [about(expired.certificate, [3, 1, 1])], []), 'dane-ee');
});

test('usages 0 and 1 match nothing', () => {
  for (const usage of [0, 1, 4, 255]) {
    const record = about(leaf.certificate, [usage, 0, 1]);
    assert.deepEqual(usableRecords([record]), []);
    assert.notEqual(match(sent, [record]), 'dane-ee');
  }
});

test('any record that matches is enough', () => {
  const wrong = about(stranger.certificate, [3, 1, 1]);
  assert.equal(match(sent, [wrong, about(leaf.certificate, [3, 1, 1])]), 'dane-ee');
  assert.equal(match(sent, [wrong, about(middle.certificate, [2, 1, 1])]), 'dane-ta');
  assert.equal(
    match(sent, [about(stranger.certificate, [2, 0, 1]), about(leaf.certificate, [3, 0, 1])]),
    'dane-ee',
  );
});

suite('digests of one usage and selector', () => {
  const weak = about(leaf.certificate, [3, 1, 1]);
  const strongWrong = about(stranger.certificate, [3, 1, 2]);
  test('the strongest alone counts', () => {
    assert.equal(match(sent, [weak, strongWrong]), 'validation-failure');
  });
  test('another selector or usage is not affected', () => {
    assert.equal(match(sent, [weak, about(stranger.certificate, [3, 0, 2])]), 'dane-ee');
    assert.equal(match(sent, [weak, about(stranger.certificate, [2, 1, 2])]), 'dane-ee');
  });
  test('a record without a digest always counts', () => {
    assert.equal(match(sent, [about(leaf.certificate, [3, 1, 0]), strongWrong]), 'dane-ee');
  });
});

suite('usage 2', () => {
  const byRoot = [about(root.certificate, [2, 0, 1])];

  test('the authority must be in the chain that was sent', () => {
    assert.equal(match(chainOf(leaf.certificate, middle.certificate), byRoot), 'certificate-not-trusted');
  });
  test('an authority that is whole in the record need not be sent', () => {
    const short = chainOf(leaf.certificate, middle.certificate);
    assert.equal(match(short, [about(root.certificate, [2, 0, 0])]), 'dane-ta');
    assert.equal(match(short, [about(root.certificate, [2, 1, 0])]), 'dane-ta');
    assert.equal(match(short, [about(stranger.certificate, [2, 1, 0])]), 'certificate-not-trusted');
  });
  test('an authority that is sent, but signed nothing below it, proves nothing', () => {
    const mixed = chainOf(
      stranger.issue({ names: [name] }).certificate,
      middle.certificate,
      root.certificate,
    );
    assert.equal(match(mixed, byRoot), 'certificate-not-trusted');
  });
  test('an authority with the same name and another key proves nothing', () => {
    const impostor = makeAuthority({ name: 'Root' });
    const forged = impostor.issue({ names: [name] });
    assert.equal(match(chainOf(forged.certificate, root.certificate), byRoot), 'certificate-not-trusted');
  });
  test('a certificate that is no authority cannot be the issuer', () => {
    const verdict = matchTlsa(
      chainOf(leaf.certificate, selfSigned({ names: ['Middle'] }).certificate),
      { tlsa: byRoot, names: [name] },
      now,
    );
    assert.equal(verdict.kind, 'failed');
  });
  test('the chain may be long, and out of order', () => {
    const deep = lower.issue({ names: [name] });
    const order = [deep, root, lower, stranger, middle].map(({ certificate }) => certificate);
    assert.equal(match(chainOf(...order), byRoot), 'dane-ta');
  });
  test('the certificate is for one of the names, with a wildcard as the whole first label', () => {
    assert.equal(match(sent, byRoot, ['elsewhere.example']), 'certificate-host-mismatch');
    assert.equal(match(sent, byRoot, ['elsewhere.example', name]), 'dane-ta');
    assert.equal(match(sent, byRoot, []), 'certificate-host-mismatch');
    const wild = root.issue({ names: ['*.example.com'] });
    const partial = root.issue({ names: ['m*.example.com'] });
    assert.equal(match(chainOf(wild.certificate, root.certificate), byRoot), 'dane-ta');
    assert.equal(
      match(chainOf(wild.certificate, root.certificate), byRoot, ['a.mx.example.com']),
      'certificate-host-mismatch',
    );
    assert.equal(match(chainOf(partial.certificate, root.certificate), byRoot), 'certificate-host-mismatch');
  });
  test('the dates of the certificate and of its authorities count', () => {
    const expired = root.issue({ names: [name], from: now - 20 * dayMs, until: now - dayMs });
    assert.equal(match(chainOf(expired.certificate, root.certificate), byRoot), 'certificate-expired');
    const early = root.issue({ names: [name], from: now + dayMs, until: now + 20 * dayMs });
    assert.equal(match(chainOf(early.certificate, root.certificate), byRoot), 'certificate-expired');
    const old = makeAuthority({ name: 'Old', from: now - 20 * dayMs, until: now - dayMs });
    const young = old.issue({ names: [name] });
    assert.equal(
      match(chainOf(young.certificate, old.certificate), [about(old.certificate, [2, 0, 1])]),
      'certificate-expired',
    );
  });
  test('RSA chains do as well', () => {
    const rsa = makeAuthority({ name: 'RSA', keyType: 'rsa' });
    const own = rsa.issue({ names: [name], keyType: 'rsa' });
    assert.equal(
      match(chainOf(own.certificate, rsa.certificate), [about(rsa.certificate, [2, 1, 2])]),
      'dane-ta',
    );
  });
});

test('an empty chain, and no record, fail', () => {
  assert.equal(match([], [about(leaf.certificate, [3, 1, 1])]), 'validation-failure');
  assert.equal(match(sent, []), 'tlsa-invalid');
});

test('records of the wrong length or form are unusable', () => {
  const digest = about(leaf.certificate, [3, 1, 1]).data;
  const unusable: TlsaRecord[] = [
    { usage: 3, selector: 1, matchingType: 1, data: digest.slice(2) },
    { usage: 3, selector: 1, matchingType: 2, data: digest },
    { usage: 3, selector: 2, matchingType: 1, data: digest },
    { usage: 3, selector: 1, matchingType: 3, data: digest },
    { usage: 3, selector: 1, matchingType: 1, data: '' },
    { usage: 3, selector: 0, matchingType: 0, data: digest },
    { usage: 3, selector: 1, matchingType: 0, data: der(leaf.certificate).toString('hex') },
    { usage: 2, selector: 0, matchingType: 0, data: `${der(root.certificate).toString('hex')}00` },
  ];
  assert.deepEqual(usableRecords(unusable), []);
  const usable = [0, 1].flatMap((selector) =>
    [0, 1, 2].map((type) => about(leaf.certificate, [3, selector, type])),
  );
  assert.deepEqual(usableRecords([...usable, ...usable]), usable);
});

test('of a hundred records each counts, in whichever order a name server sends them', () => {
  const others = Array.from({ length: 150 }, (_, index): TlsaRecord => {
    const data = createHash('sha256').update(String(index)).digest('hex');
    return { usage: 3, selector: 1, matchingType: 1, data };
  });
  const right = about(leaf.certificate, [3, 1, 1]);
  for (const records of [
    [right, ...others],
    [...others, right],
  ]) {
    assert.equal(matchTlsa(sent, { tlsa: usableRecords(records), names: [name] }, now).kind, 'dane-ee');
  }
});

test('of more records than are looked at, always the same ones count, and the reason says so', () => {
  const others = Array.from({ length: 400 }, (_, index): TlsaRecord => {
    const data = createHash('sha256').update(String(index)).digest('hex');
    return { usage: 3, selector: 1, matchingType: 1, data };
  });
  assert.deepEqual(usableRecords(others.toReversed()), usableRecords(others));
  assert.equal(usableRecords(others).length, 200);
  const reason = (records: readonly TlsaRecord[]) =>
    matchTlsa(sent, { tlsa: usableRecords(records), names: [name] }, now);
  assert.deepEqual(reason(others), {
    kind: 'failed',
    result: 'validation-failure',
    reason: 'the certificate matches no TLSA record of the first 200; Sluice does not look at more',
  });
  const anchors = others.map(({ data }): TlsaRecord => ({ usage: 2, selector: 0, matchingType: 1, data }));
  assert.deepEqual(reason(anchors), {
    kind: 'failed',
    result: 'certificate-not-trusted',
    reason:
      'no certificate of the chain that the server sent matches a TLSA record of the first 200; Sluice does not look at more',
  });
});

test('the public key and the extensions are read byte for byte', () => {
  const parts = readCertificateParts(der(leaf.certificate));
  const key = new X509Certificate(leaf.certificate).publicKey.export({ type: 'spki', format: 'der' });
  assert.ok(parts !== undefined && parts.publicKeyInfo.equals(key));
  assert.ok(parts.extensions.some(({ id, isCritical }) => id === '551d13' && isCritical));
});

test('no damage to certificates or records makes it throw, or match', () => {
  const chain = [sent[0]!, sent[1]!];
  const records = [about(middle.certificate, [2, 0, 1])];
  const damage = fc.record({ at: fc.nat({ max: chain[0]!.length - 1 }), bit: fc.nat({ max: 7 }) });
  fc.assert(
    fc.property(fc.nat({ max: 1 }), damage, fc.nat({ max: 40 }), (which, { at, bit }, cut) => {
      const bytes = Buffer.from(chain[which]!);
      const place = at % bytes.length;
      bytes[place] = bytes[place]! ^ (1 << bit);
      const damaged = chain.map((one, index) =>
        index === which ? bytes.subarray(0, bytes.length - cut) : one,
      );
      // Any changed bit changes a digest or what was signed.
      assert.equal(matchTlsa(damaged, { tlsa: records, names: [name] }, now).kind, 'failed');
    }),
    { numRuns: 300 },
  );
});

test('no TLSA data makes it throw, and only what matches is accepted', () => {
  const octet = fc.oneof(fc.constantFrom(0, 1, 2, 3), fc.nat({ max: 255 }));
  const data = fc
    .oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.nat({ max: 400 }).map((cut) => sent[0]!.subarray(cut)),
    )
    .map((bytes) => Buffer.from(bytes).toString('hex'));
  const record = fc.record({ usage: octet, selector: octet, matchingType: octet, data });
  const own = new Set(
    [0, 1].flatMap((selector) => [0, 1, 2].map((type) => about(leaf.certificate, [3, selector, type]).data)),
  );
  fc.assert(
    fc.property(fc.array(record, { maxLength: 6 }), (records) => {
      const usable = usableRecords(records);
      for (const { usage, selector, matchingType } of usable) {
        assert.ok(usage === 2 || usage === 3);
        assert.ok(selector <= 1 && matchingType <= 2);
      }
      const { kind } = matchTlsa(sent, { tlsa: records, names: [name] }, now);
      assert.equal(
        kind === 'dane-ee',
        usable.some((one) => one.usage === 3 && own.has(one.data)),
      );
    }),
    { numRuns: 500 },
  );
});
