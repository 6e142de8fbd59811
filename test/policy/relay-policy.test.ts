// Who may relay: by network of the client, and by domain of the recipient.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RelayPolicy } from '../../src/policy/relay-policy.ts';
import { DomainSet } from '../../src/values/domain-set.ts';
import { NetworkSet } from '../../src/values/network-set.ts';

test('without networks and domains nothing is relayed', () => {
  const policy = new RelayPolicy(new NetworkSet([]), new DomainSet([]));
  assert.equal(policy.isRelayClient('127.0.0.1'), false);
  assert.equal(policy.acceptsDomain('example.com'), false);
});
