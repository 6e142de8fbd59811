// Warnings about limits, tenants and other values that are valid but probably not meant.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { type Config, loadConfig, parseConfig } from '../../src/config/config.ts';
import { placedText, placeWarnings } from '../../src/config/read/config-warning.ts';
import { configWarnings } from '../../src/config/check/warnings.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const warningsOf = (config: Config): string[] =>
  placeWarnings(configWarnings(config), undefined).map(placedText);
const warnings = (text: string): string[] =>
  warningsOf(parseConfig(`hostname = "mx.example.com"\n${text}`, 'sluice.toml'));

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

  it('is given for a scanner of a tenant that could take all connections of a listener', () => {
    const of = (keys: string) => `
      [[tenant]]
      name = "shop"
      client = ["192.0.2.0/24"]
      [[listen]]
      address = "127.0.0.1:2525"
      max_connections = 100
      [[stage]]
      name = "clamav"
      kind = "clamd"
      address = "unix:/run/clamav/clamd.ctl"
      ${keys}`;
    const line = 'tenant = ["shop"]\nconnections = 20\n';
    assert.deepEqual(warnings(of(`${line}waiting = 79`)), []);
    assert.deepEqual(warnings(of('connections = 20\nwaiting = 80')), []);
    assert.deepEqual(warnings(of(`${line}waiting = 80`)), [
      'stage[1].connections: while clamav does not answer, 100 sessions may wait for it (connections and waiting, of all receivers), which are all connections of 127.0.0.1:2525 (max_connections = 100): mail of other tenants would find none',
    ]);
    assert.equal(warnings(`processes.receivers = 2\n${of(`${line}waiting = 30`)}`).length, 1);
  });

  it('is given for a stage of a tenant that no [[tenant]] has', () => {
    const stage = (tenant: string) =>
      `[[tenant]]\nname = "shop"\nsender = ["shop.example"]\n[[stage]]\nname = "m"\nkind = "milter"\naddress = "unix:/m"\ntenant = [${tenant}]`;
    assert.deepEqual(warnings(stage('"shop", "shpo"')), [
      'stage[1].tenant: no [[tenant]] is called shpo, so the stage m is not asked for it, unless another stage names that tenant',
    ]);
    assert.deepEqual(warnings(stage('"shop"')), []);
  });

  it('is given for limits per source where there is none', () => {
    const limit = '[[limit]]\nper = ["source", "mx"]\nconnections = 5\n';
    assert.deepEqual(warnings(limit), [
      'limit[1].per: there is no [[source]], so all connections count for one source, which the system chooses',
    ]);
    assert.deepEqual(warnings(`deliver.ipv6 = false\n${limit}[[source]]\naddress = "192.0.2.25"`), []);
  });

  it('is given for sources that leave an IP version out', () => {
    const one = '[[source]]\naddress = "192.0.2.25"\n';
    const other = '[[source]]\naddress = "2001:db8::25"\n';
    assert.deepEqual(warnings(one), [
      'source: none has an IPv6 address, so nothing is delivered to IPv6 addresses; if that is meant, write ipv6 = false in [deliver]',
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
    assert.deepEqual(warningsOf(loadConfig(file)), [
      `limit[1].domain_file: ${join(folder, 'domains')} names no domain, so the limit applies to no mail`,
    ]);
  });

  it('is given for a header field of another scale', () => {
    assert.equal(warnings('[receive]\npriority_header = "X-Priority"').length, 1);
    assert.equal(warnings('[receive]\npriority_header = "MT-Priority"').length, 0);
  });

  const group = (match: string, connections: string) =>
    `[deliver]\nipv6 = false\n[[limit]]\nper = "group"\n${match}\nconnections = ${connections}\n`;

  it('is given for a group that lifts the limit for each of its keys', () => {
    const lifted = (allowed: string, usual: string, per: string, where: string) =>
      `limit[1].connections: a group replaces the limit of ${usual} per ${per} (${where}) for the mail that it matches: one ${per} may use all ${allowed}; to keep ${usual} for each, add a [[limit]] with per = "${per}" and the same match`;
    const ip = 'ip = ["198.51.100.0/24"]';
    const domain = 'domain = ["a.example", "b.example"]';
    assert.deepEqual(warnings(group(ip, '40')), [lifted('40', '20', 'ip', 'the built-in limit')]);
    assert.deepEqual(warnings(group(domain, '"unlimited"')), [
      lifted('connections', '20', 'domain', 'the built-in limit'),
    ]);
    const own = `${group(domain, '30')}[[limit]]\nper = "domain"\nconnections = 5`;
    assert.deepEqual(warnings(own), [lifted('30', '5', 'domain', 'sluice.toml:8')]);
  });

  it('is given for a group that lifts a rate, or a limit with a wider match', () => {
    const per = (rest: string) => `[[limit]]\nper = "mx"\n${rest}\n`;
    const narrow = 'mx = ["*.mail.example.net"]';
    const about = (rest: string) =>
      warnings(group(narrow, '40') + per(rest)).map((each) => each.slice(0, 100));
    const said =
      'limit[1].connections: a group replaces the limit of 5 per mx (sluice.toml:8) for the mail that it ma';
    assert.deepEqual(about('connections = 5'), [said.slice(0, 100)]);
    assert.deepEqual(about('mx = ["*.example.net"]\nconnections = 5'), [said.slice(0, 100)]);
    assert.deepEqual(about(`${narrow}\nconnections = 5`), []);
    assert.deepEqual(about('message_rate = "5/min"'), []);
    const rate = `[deliver]\nipv6 = false\n[[limit]]\nper = "group"\n${narrow}\nmessage_rate = "600/min"\n`;
    assert.deepEqual(warnings(rate + per('message_rate = "10/min"')), [
      'limit[1].message_rate: a group replaces the limit of message_rate 10/min per mx (sluice.toml:8) for the mail that it matches: one mx may use all 600/min; to keep 10/min for each, add a [[limit]] with per = "mx" and the same match',
    ]);
    assert.deepEqual(warnings(rate + per('message_rate = "1000/min"')), []);
  });

  it('is not given for a group that lifts nothing', () => {
    assert.deepEqual(warnings(group('ip = ["198.51.100.0/24"]', '20')), []);
    assert.deepEqual(warnings(group('mx = ["*.example.net"]', '4000').replace('4000', '400')), []);
    const beside = `[[limit]]\nper = "ip"\nip = ["198.51.100.0/24"]\nconnections = 20`;
    assert.deepEqual(warnings(group('ip = ["198.51.100.0/24"]', '40') + beside), []);
  });

  it('is given for retry times that are longer than the lifetime', () => {
    assert.deepEqual(warnings('[queue]\nretry = ["2h"]\nlifetime = "2h"\nbounce_lifetime = "2h"'), [
      'queue.retry: the first time is not shorter than lifetime (2h): mail that fails once is never tried again',
    ]);
    assert.deepEqual(
      warnings('[queue]\nretry = ["1h", "3h", "2h"]\nlifetime = "2h"\nbounce_lifetime = "2h"'),
      ['queue.retry[2]: 3h is never used, since mail is given up after lifetime (2h)'],
    );
    assert.deepEqual(warnings('[queue]\nbounce_lifetime = "5m"'), [
      'queue.bounce_lifetime: not longer than the first retry (5m): a bounce that fails once is given up',
    ]);
    assert.deepEqual(warnings('[queue]\nlifetime = "1h"\nbounce_lifetime = "1h"'), []);
  });

  it('is given for times of warn_after that no message reaches', () => {
    const lifetime = '[queue]\nlifetime = "4h"\nbounce_lifetime = "2h"\n';
    assert.deepEqual(warnings(`${lifetime}[bounce]\nwarn_after = ["1h", "1d"]`), [
      'bounce.warn_after[2]: no message waits for so long: it is given up after lifetime in [queue] (4h)',
    ]);
    assert.deepEqual(warnings(`${lifetime}[bounce]\nwarn_after = ["4h"]`), [], 'the default');
    assert.deepEqual(warnings(`${lifetime}[bounce]\nwarn_after = []`), []);
  });

  it('is given for connections that are given up before they count as unanswered', () => {
    const deliver = (after: string, giveUp: string) =>
      warnings(`[deliver]\nunanswered_after = "${after}"\nunanswered_give_up = "${giveUp}"`);
    assert.deepEqual(deliver('10s', '2s'), [
      'deliver.unanswered_give_up: 2s is shorter than unanswered_after (10s): connections would be given up before they count as unanswered',
    ]);
    assert.deepEqual(deliver('2s', '2s'), []);
  });

  it('has the place of its value in the file, or of the table that it is missing in', (t) => {
    const { path } = temporaryFolder(t, 'warnings');
    const file = join(path, 'sluice.toml');
    writeFileSync(
      file,
      '[queue]\nlifetime = "3d"\nretry = ["4d"]\n[receive]\nrelay_networks = ["10.0.0.0/8", "0.0.0.0/1"]\n',
    );
    const places = placeWarnings(configWarnings(loadConfig(file)), file)
      .filter(({ key }) => key !== 'hostname')
      .map(({ line, column, key }) => [line, column, key]);
    assert.deepEqual(places, [
      [5, 33, 'receive.relay_networks[2]'],
      [3, 9, 'queue.retry'],
    ]);
    const [missing] = placeWarnings([{ path: ['queue', 'reserve'], message: 'x' }], file).map(placedText);
    assert.equal(missing, `${file}:1:2: queue.reserve: x`);
  });
});

describe('a tenant that no mail can belong to', () => {
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
    ['a mailbox comes before its domain', 'sender = ["x@a.example"]', 'sender = ["a.example"]'],
    ['a part of its network comes before it', 'client = ["10.1.0.0/16"]', 'client = ["10.0.0.0/8"]'],
    ['the other IP version comes before it', 'client = ["0.0.0.0/0"]', 'client = ["::/0"]'],
    ['all networks come before it, but not programs of this host', 'client = ["0.0.0.0/0", "::/0"]', ''],
  ];
  for (const [what, ...tenants] of reachable) {
    it(`is not reported when ${what}`, () => {
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
    it(`is reported when ${what}`, () => {
      const found = warnings(tenantTables(tenants));
      assert.equal(found.length, 1);
      assert.match(
        found[0] ?? '',
        new RegExp(`^tenant\\[${tenants.length}\\]: no mail can belong to t${tenants.length}, since t[12] `),
      );
    });
  }

  it('is given for TLS that does not go with the port of a listener', () => {
    const listen = (port: number, tls: string) =>
      warnings(`[[listen]]\naddress = "192.0.2.1:${port}"\ntls = "${tls}"`);
    assert.match(listen(25, 'required').join(' '), /^listen\[1\]\.tls: mail servers without TLS cannot/);
    assert.match(
      listen(25, 'implicit').join(' '),
      /^listen\[1\]\.tls: other mail servers do not begin with TLS/,
    );
    assert.match(listen(465, 'offered').join(' '), /^listen\[1\]\.tls: clients of port 465 begin with TLS/);
    const fine = [
      listen(25, 'offered'),
      listen(465, 'implicit'),
      listen(587, 'required'),
      listen(25, 'none'),
    ];
    assert.deepEqual(fine.flat(), []);
  });
});

function tenantTables(tenants: readonly string[]): string {
  return tenants.map((keys, index) => `[[tenant]]\nname = "t${index + 1}"\n${keys}\n`).join('');
}
