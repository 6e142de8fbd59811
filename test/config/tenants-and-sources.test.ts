// [[tenant]] and [[source]] tables.

import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';

import { defaultConfig, parseConfig } from '../../src/config/config.ts';

describe('a tenant', () => {
  it('has senders, clients, a weight and a priority', () => {
    const { tenant } = parseConfig(
      `[[tenant]]
      name = "newsletters"
      sender = ["News@Example.com", "example.org", "<>"]
      client = ["10.1.0.0/16", "2001:db8::1"]
      weight = 10
      priority = -3
      [[tenant]]
      name = "others"`,
      'sluice.toml',
    );
    assert.deepEqual(tenant, [
      {
        name: 'newsletters',
        sender: [
          { kind: 'mailbox', localPart: 'News', domain: 'example.com' },
          { kind: 'domain', domain: 'example.org' },
          { kind: 'null' },
        ],
        client: [
          { address: '10.1.0.0', prefix: 16 },
          { address: '2001:db8::1', prefix: 128 },
        ],
        weight: 10,
        priority: -3,
      },
      { name: 'others', sender: [], client: [], weight: 1, priority: 0 },
    ]);
  });

  it('can be named by limits, as can mail of no tenant', () => {
    const { limit } = parseConfig(
      'limit = [{ per = "tenant", tenant = ["shop", ""], connections = 5 }]\ntenant = [{ name = "shop" }]',
      'sluice.toml',
    );
    assert.deepEqual(limit[0]?.tenant, ['shop', '']);
  });
});

describe('a source', () => {
  it('can be that of a route, alone or with others', () => {
    const { route } = parseConfig(
      `source = [{ address = "192.0.2.25" }, { address = "2001:db8::25" }]
      [[route]]
      mx = true
      source = ["2001:DB8:0:0::25", "192.0.2.25"]`,
      'sluice.toml',
    );
    assert.deepEqual(route[0]?.sources, ['2001:db8::25', '192.0.2.25']);
  });

  it('of a route has to exist, and the route has to have connections', () => {
    const problem = (text: string): string => {
      try {
        parseConfig(text, 'sluice.toml');
        return '';
      } catch (error) {
        return String(error);
      }
    };
    const known = 'source = [{ address = "192.0.2.25" }]\n';
    assert.match(
      problem(`${known}route = [{ mx = true, source = ["192.0.2.26"] }]`),
      /source.*is the address of no \[\[source\]\], so no connection can come from it; there are 192\.0\.2\.25/su,
    );
    assert.match(
      problem('route = [{ mx = true, source = ["192.0.2.26"] }]'),
      /no \[\[source\]\] is configured/u,
    );
    assert.match(
      problem(`${known}route = [{ discard = true, source = ["192.0.2.25"] }]`),
      /is only for relay, lmtp, qmqp, qmtp and mx/u,
    );
    assert.match(problem(`${known}route = [{ mx = true, source = [] }]`), /must name one address at least/u);
  });

  it('has an address in canonical text, and by default the same EHLO name as the others', () => {
    const { source } = parseConfig(
      `hostname = "mx.example.com"
      [[source]]
      address = "192.0.2.25"
      helo_name = "Mail1.Example.com"
      [[source]]
      address = "2001:DB8:0:0::25"`,
      'sluice.toml',
    );
    assert.deepEqual(source, [
      { address: '192.0.2.25', heloName: 'mail1.example.com' },
      { address: '2001:db8::25', heloName: 'mx.example.com' },
    ]);
  });

  it('has the EHLO name of [deliver] when it has none of its own', () => {
    const { source } = parseConfig(
      'source = [{ address = "192.0.2.25" }]\ndeliver.helo_name = "out.example.com"',
      'sluice.toml',
    );
    assert.equal(source[0]?.heloName, 'out.example.com');
  });

  it('is chosen by the system when there is none', () => {
    assert.deepEqual(defaultConfig().source, []);
  });
});

test('an own IPv4 address that is written as IPv6 is the same address', () => {
  const sources = (...addresses: string[]) =>
    parseConfig(addresses.map((each) => `[[source]]\naddress = "${each}"\n`).join(''), 'sluice.toml').source;
  assert.equal(sources('::ffff:192.0.2.25')[0]?.address, '192.0.2.25');
  assert.throws(() => sources('::ffff:192.0.2.25', '192.0.2.25'), /already in source\[1\]/u);
});
