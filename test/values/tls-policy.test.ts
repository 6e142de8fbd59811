// What tells TLS policies apart, so that connections and sessions are shared by equal ones only.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { tlsPolicyKey, type HopTlsPolicy } from '../../src/values/tls-policy.ts';

const policy: HopTlsPolicy = {
  level: 'dane',
  from: 'dane',
  policyDomain: 'mx.example.net',
  serverName: 'mx.example.net',
  names: ['mx.example.net', 'example.com'],
  fingerprints: ['aa', 'bb'],
  tlsa: [
    { usage: 3, selector: 1, matchingType: 1, data: 'aa' },
    { usage: 2, selector: 0, matchingType: 1, data: 'bb' },
  ],
  implicit: false,
  needsRequireTls: false,
  settings: '',
};

test('no policy has the empty key', () => {
  assert.equal(tlsPolicyKey(undefined), '');
  assert.notEqual(tlsPolicyKey(policy), '');
});

test('what a handshake or a message depends on tells policies apart', () => {
  const others: Partial<HopTlsPolicy>[] = [
    { level: 'required' },
    { serverName: 'other.example.net' },
    { serverName: '' },
    { names: ['mx.example.net'] },
    { fingerprints: ['aabb'] },
    { tlsa: policy.tlsa.slice(1) },
    { tlsa: [{ usage: 3, selector: 1, matchingType: 1, data: 'ab' }, ...policy.tlsa.slice(1)] },
    { tlsa: [{ usage: 3, selector: 0, matchingType: 1, data: 'aa' }, ...policy.tlsa.slice(1)] },
    { implicit: true },
    { needsRequireTls: true },
    { settings: 'partner' },
  ];
  const keys = [{}, ...others].map((other) => tlsPolicyKey(Object.assign({}, policy, other)));
  assert.equal(new Set(keys).size, keys.length);
});

test('the order of lists, and who says it of which domain, does not tell policies apart', () => {
  const same: HopTlsPolicy = {
    ...policy,
    from: 'configuration',
    policyDomain: 'example.org',
    names: policy.names.toReversed(),
    fingerprints: policy.fingerprints.toReversed(),
    tlsa: policy.tlsa.toReversed(),
  };
  assert.equal(tlsPolicyKey(same), tlsPolicyKey(policy));
});

test('texts with separators do not run into each other', () => {
  const one = tlsPolicyKey({ ...policy, names: ['a","b'] });
  assert.notEqual(one, tlsPolicyKey({ ...policy, names: ['a', 'b'] }));
});
