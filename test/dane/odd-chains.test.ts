// Usage 2 (DANE-TA): each thing that makes a chain of certificates worthless, where all the rest of it is right (RFC 5280 6.1, RFC
// 7671 5.2).

import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { suite, test } from 'node:test';
import { matchTlsa } from '../../src/dane/match-tlsa.ts';
import {
  anyPurpose,
  clientAuth,
  nameConstraints,
  oddAuthority,
  type OddAuthority,
  type OddLeaf,
  serverAuth,
  strangeExtension,
} from '../support/odd-certificates.ts';

const name = 'mx.example.com';
const blocks = /-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n?/gu;

/** The verdict on a leaf that is sent with its intermediates and the root, which the record is about. */
function verdictOn(leaf: OddLeaf, root: OddAuthority): string {
  const chain = [...(leaf.chain.match(blocks) ?? []), root.certificate].map(
    (pem) => new X509Certificate(pem).raw,
  );
  const data = createHash('sha256').update(new X509Certificate(root.certificate).raw).digest('hex');
  const tlsa = [{ usage: 2, selector: 0, matchingType: 1, data }];
  const verdict = matchTlsa(chain, { tlsa, names: [name] }, Date.now());
  return verdict.kind === 'failed' ? `${verdict.result}: ${verdict.reason}` : verdict.kind;
}

test('a chain without anything odd is accepted, with ECDSA and RSA', () => {
  for (const rsaBits of [undefined, 2048]) {
    const root = oddAuthority({ ...(rsaBits !== undefined && { rsaBits }) });
    assert.equal(verdictOn(root.issue(), root), 'dane-ta');
    assert.equal(verdictOn(root.intermediate().issue(), root), 'dane-ta');
  }
});

suite('who may issue', () => {
  test('an issuer in the middle that is no authority is refused', () => {
    const root = oddAuthority();
    const verdict = verdictOn(root.intermediate({ isAuthority: false }).issue(), root);
    assert.match(verdict, /^certificate-not-trusted: an issuer \(CN=Odd Intermediate\) is no authority$/u);
  });

  test('an anchor that is no authority is refused', () => {
    const root = oddAuthority({ isAuthority: false });
    assert.match(
      verdictOn(root.issue(), root),
      /^certificate-not-trusted: an issuer \(CN=Odd Root\) is no auth/u,
    );
  });

  test('an authority whose key may not sign certificates is refused', () => {
    const root = oddAuthority();
    const verdict = verdictOn(root.intermediate({ keyUsage: 0b1000_0000 }).issue(), root);
    assert.match(verdict, /^certificate-not-trusted: the chain does not lead to an authority/u);
  });

  test('the length of the path counts authorities, and not the certificate of the server', () => {
    const none = oddAuthority({ pathLength: 0 });
    assert.equal(verdictOn(none.issue(), none), 'dane-ta');
    assert.match(
      verdictOn(none.intermediate().issue(), none),
      /^certificate-not-trusted: an authority \(CN=Odd Root\) may not have others below it$/u,
    );
    const one = oddAuthority({ pathLength: 1 });
    assert.equal(verdictOn(one.intermediate().issue(), one), 'dane-ta');
    const deep = one.intermediate({ name: 'Upper' }).intermediate({ name: 'Lower' }).issue();
    assert.match(verdictOn(deep, one), /may not have others below it$/u);
    const inner = oddAuthority();
    const short = inner.intermediate({ name: 'Upper', pathLength: 0 }).intermediate({ name: 'Lower' });
    assert.match(verdictOn(short.issue(), inner), /an authority \(CN=Upper\) may not have others below it$/u);
  });
});

suite('what is not understood', () => {
  for (const [what, critical] of [
    ['an unknown extension', strangeExtension],
    ['name constraints', nameConstraints],
  ] as const) {
    test(`${what} that is critical is refused, in each place of the chain`, () => {
      const plain = oddAuthority();
      const strange = oddAuthority({ critical });
      for (const verdict of [
        verdictOn(plain.issue({ critical }), plain),
        verdictOn(plain.intermediate({ critical }).issue(), plain),
        verdictOn(strange.issue(), strange),
      ]) {
        assert.match(verdict, /^validation-failure: the certificate.* has a critical extension that Sluice/u);
      }
    });
  }
});

suite('what certificates are for', () => {
  test('for clients alone is refused, in each place of the chain', () => {
    const purposes = [clientAuth];
    const plain = oddAuthority();
    const clients = oddAuthority({ purposes });
    for (const verdict of [
      verdictOn(plain.issue({ purposes }), plain),
      verdictOn(plain.intermediate({ purposes }).issue(), plain),
      verdictOn(clients.issue(), clients),
    ]) {
      assert.match(verdict, /^certificate-not-trusted: the certificate.* is not for servers$/u);
    }
  });

  test('for servers, among others, or for anything is accepted', () => {
    const root = oddAuthority({ purposes: [anyPurpose] });
    assert.equal(verdictOn(root.issue({ purposes: [clientAuth, serverAuth] }), root), 'dane-ta');
    assert.equal(verdictOn(root.issue({ purposes: [anyPurpose] }), root), 'dane-ta');
  });
});

suite('signatures that others can forge', () => {
  for (const digest of ['sha1', 'md5'] as const) {
    test(`${digest} is refused below the anchor, and is of no importance on the anchor itself`, () => {
      const root = oddAuthority({ rsaBits: 2048 });
      assert.match(
        verdictOn(root.issue({ digest }), root),
        /^certificate-not-trusted: the chain does not lead/u,
      );
      const middle = root.intermediate({ digest, rsaBits: 2048 });
      assert.match(verdictOn(middle.issue(), root), /^certificate-not-trusted: the chain does not lead/u);
      // Nobody checks what the anchor has signed of itself: the record names it.
      const old = oddAuthority({ rsaBits: 2048, digest });
      assert.equal(verdictOn(old.issue(), old), 'dane-ta');
    });
  }

  test('sha1 with ECDSA is refused, too', () => {
    const root = oddAuthority();
    assert.match(verdictOn(root.issue({ digest: 'sha1' }), root), /^certificate-not-trusted/u);
  });
});
