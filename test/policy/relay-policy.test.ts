// Who may relay: by network of the client, and by domain of the recipient.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { RelayPolicy } from '../../src/policy/relay-policy.ts';
import { relayPolicy } from '../../src/settings/settings.ts';
import { DomainSet } from '../../src/values/domain-set.ts';
import { NetworkSet } from '../../src/values/network-set.ts';

test('without networks and domains nothing is relayed', () => {
  const policy = new RelayPolicy(new NetworkSet([]), new DomainSet([]));
  assert.equal(policy.isRelayClient('127.0.0.1'), false);
  assert.equal(policy.acceptsDomain('example.com'), false);
});

for (const [domains, mainDomain] of [
  [[], undefined],
  [['example.com', 'example.net'], 'example.com'],
  [['*.example.org', 'example.com'], 'example.com'],
  [['*.example.org'], 'example.org'],
  [['example.com', 'mx.example.net'], 'mx.example.net'],
  [['example.com', '*.example.net'], 'mx.example.net'],
] as const) {
  test(`mail for the postmaster without a domain, with relay_domains = ${JSON.stringify(domains)}: ${mainDomain}`, () => {
    const config = parseConfig(
      `hostname = "mx.example.net"\n[receive]\nrelay_domains = ${JSON.stringify(domains)}\n`,
      'sluice.toml',
    );
    assert.equal(relayPolicy(config).mainDomain, mainDomain);
  });
}
