// Names of hosts are hidden behind their domains, in the way of masquerade_domains and masquerade_exceptions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Masquerade, masqueraded } from '../../../src/policy/rewriting/masquerade.ts';

const kept = (domain: string) => ({ domain, isKept: true });
const cut = (domain: string) => ({ domain, isKept: false });

const masquerade: Masquerade = {
  domains: [cut('b.lab.example.com'), kept('lab.example.com'), cut('example.com'), cut('xn--bcher-kva.test')],
  exceptions: new Set(['root', '"a b"']),
};

const cases: readonly (readonly [string, string])[] = [
  ['joe@host.example.com', 'joe@example.com'],
  ['joe@a.host.EXAMPLE.com', 'joe@example.com'],
  ['joe@example.com', 'joe@example.com'],
  ['joe@Example.Com', 'joe@Example.Com'],
  ['joe@notexample.com', 'joe@notexample.com'],
  ['joe@example.com.test', 'joe@example.com.test'],
  ['joe@com', 'joe@com'],
  ['joe@lab.example.com', 'joe@lab.example.com'],
  ['joe@a.lab.example.com', 'joe@a.lab.example.com'],
  ['joe@a.b.lab.example.com', 'joe@b.lab.example.com'],
  ['joe@b.lab.example.com', 'joe@b.lab.example.com'],
  ['Root@host.example.com', 'Root@host.example.com'],
  ['root+x@host.example.com', 'root+x@example.com'],
  ['"a b"@host.example.com', '"a b"@host.example.com'],
  ['"a@b"@host.example.com', '"a@b"@example.com'],
  ['joe@host.bücher.test', 'joe@xn--bcher-kva.test'],
  ['joe@[192.0.2.1]', 'joe@[192.0.2.1]'],
];

for (const [old, next] of cases) {
  test(`${old} becomes ${next}`, () => {
    assert.equal(masqueraded(old, masquerade), next);
    assert.equal(masqueraded(next, masquerade), next);
  });
}
