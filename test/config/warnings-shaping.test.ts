// What is allowed in limits and tenants, and yet probably not meant.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { loadConfig, parseConfig } from '../../src/config/config.ts';
import { configWarnings } from '../../src/config/warnings.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const warnings = (text: string): string[] =>
  configWarnings(parseConfig(`hostname = "mx.example.com"\n${text}`, 'sluice.toml'));

describe('a warning', () => {
  it('is given for a default that is more than all connections, not for other limits', () => {
    const limits = `
      [[limit]]
      per = "domain"
      connections = 2000
      [[limit]]
      per = "ip"
      connections = "unlimited"
      [[limit]]
      per = "mx"
      mx = ["*.example.com"]
      connections = 2000
      [[limit]]
      per = "site"
      connections = 1000`;
    assert.deepEqual(warnings(limits), [
      'limit[1].connections: 2000 can never be reached, since max_connections in [deliver] is 1000',
    ]);
    assert.deepEqual(warnings(`[deliver]\nmax_connections = 0\n${limits}`), []);
  });

  it('is given for limits per source where there is none', () => {
    const limit = '[[limit]]\nper = ["source", "mx"]\nconnections = 5\n';
    assert.deepEqual(warnings(limit), [
      'limit[1].per: there is no [[source]], so all connections count as those of one source, which the system chooses',
    ]);
    assert.deepEqual(warnings(`deliver.ipv6 = false\n${limit}[[source]]\naddress = "192.0.2.25"`), []);
  });

  it('is given for sources that leave an IP version out', () => {
    const one = '[[source]]\naddress = "192.0.2.25"\n';
    const other = '[[source]]\naddress = "2001:db8::25"\n';
    assert.deepEqual(warnings(one), [
      'source: none has an IPv6 address, so nothing is delivered to IPv6 addresses; if that is meant, say ipv6 = false in [deliver]',
    ]);
    assert.equal(warnings(other).length, 1);
    assert.deepEqual(warnings(one + other), []);
    assert.deepEqual(warnings(`deliver.ipv6 = false\n${one}`), []);
  });

  it('is given for a file without domains', (t) => {
    const { path: folder } = temporaryFolder(t, 'warnings');
    writeFileSync(join(folder, 'domains'), '# nobody\n');
    const file = join(folder, 'sluice.toml');
    writeFileSync(
      file,
      'hostname = "mx.example.com"\n[[limit]]\nper = "group"\ndomain_file = "domains"\nconnections = 0',
    );
    assert.deepEqual(configWarnings(loadConfig(file)), [
      `limit[1].domain_file: ${join(folder, 'domains')} names no domain, so the limit holds for nothing`,
    ]);
  });

  it('is given for a header field of another scale', () => {
    assert.equal(warnings('[receive]\npriority_header = "X-Priority"').length, 1);
    assert.equal(warnings('[receive]\npriority_header = "MT-Priority"').length, 0);
  });
});

describe('a tenant that nobody can be in', () => {
  const reachable: readonly (readonly [what: string, ...tenants: string[]])[] = [
    ['others before it have other senders', 'sender = ["a.example"]', 'sender = ["b.example"]'],
    [
      'one before it has some of its senders',
      'sender = ["a.example"]',
      'sender = ["a.example", "b.example"]',
    ],
    ['one before it has only clients', 'client = ["10.0.0.0/8"]', 'sender = ["a.example"]'],
    [
      'one before it has the senders from some clients only',
      'sender = ["a.example"]\nclient = ["10.0.0.0/8"]',
      'sender = ["a.example"]',
    ],
    ['a mailbox stands before its domain', 'sender = ["x@a.example"]', 'sender = ["a.example"]'],
    ['a part of its network stands before it', 'client = ["10.1.0.0/16"]', 'client = ["10.0.0.0/8"]'],
    ['the other IP version stands before it', 'client = ["0.0.0.0/0"]', 'client = ["::/0"]'],
    ['all networks stand before it, but not programs of this host', 'client = ["0.0.0.0/0", "::/0"]', ''],
  ];
  for (const [what, ...tenants] of reachable) {
    it(`is not meant when ${what}`, () => {
      assert.deepEqual(warnings(tenantTables(tenants)), []);
    });
  }

  const unreachable: readonly (readonly [what: string, ...tenants: string[]])[] = [
    ['everybody is in one before it', '', 'sender = ["a.example"]\nclient = ["10.0.0.0/8"]'],
    ['its senders are in one before it', 'sender = ["a.example", "<>"]', 'sender = ["<>", "a.example"]'],
    ['its mailbox is in the domain of one before it', 'sender = ["a.example"]', 'sender = ["X@a.example"]'],
    ['its mailbox is written in another case', 'sender = ["x@a.example"]', 'sender = ["X@a.example"]'],
    [
      'its networks are in those of one before it',
      'client = ["10.0.0.0/8", "2001:db8::/32"]',
      'client = ["2001:db8:1::/48", "10.1.2.3"]',
    ],
    [
      'senders and networks are',
      'sender = ["a.example"]\nclient = ["10.0.0.0/8"]',
      'sender = ["x@a.example"]\nclient = ["10.1.0.0/16"]',
    ],
    [
      'several before it have one sender each',
      'sender = ["b.example"]',
      'sender = ["a.example"]',
      'sender = ["a.example", "b.example"]',
    ],
  ];
  for (const [what, ...tenants] of unreachable) {
    it(`is named when ${what}`, () => {
      const found = warnings(tenantTables(tenants));
      assert.equal(found.length, 1);
      assert.match(
        found[0] ?? '',
        new RegExp(`^tenant\\[${tenants.length}\\]: nobody can be in t${tenants.length}, since t[12] `),
      );
    });
  }
});

function tenantTables(tenants: readonly string[]): string {
  return tenants.map((keys, index) => `[[tenant]]\nname = "t${index + 1}"\n${keys}\n`).join('');
}
