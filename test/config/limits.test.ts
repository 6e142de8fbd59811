// [[limit]] tables: their values, the files that they name, and their places.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { loadConfig, parseConfig } from '../../src/config/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-limits-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('a limit', () => {
  it('has all its quantities and matches, and its place in the file', () => {
    const { limit } = parseConfig(
      `[[limit]]
      name = "yahoo"
      per = "group"
      domain = ["Yahoo.com", "*.yahoo.net", "[192.0.2.1]"]
      mx = ["*.Yahoodns.net"]
      ip = ["98.136.0.0/16", "2001:4998::/32"]
      connections = 100
      connection_rate = "5/s"
      message_rate = "600/min"
      recipient_rate = "10000/hour"
      messages_per_connection = 20
      recipients_per_message = 50
      [[limit]]
      per = "domain"
      connections = 0`,
      'etc/sluice.toml',
    );
    assert.deepEqual(limit, [
      {
        name: 'yahoo',
        per: [],
        domain: [
          { kind: 'exact', domain: 'yahoo.com' },
          { kind: 'suffix', domain: 'yahoo.net' },
          { kind: 'exact', domain: '[192.0.2.1]' },
        ],
        mx: [{ kind: 'suffix', domain: 'yahoodns.net' }],
        ip: [
          { address: '98.136.0.0', prefix: 16 },
          { address: '2001:4998::', prefix: 32 },
        ],
        connections: 100,
        connectionRate: { count: 5, perMs: 1000 },
        messageRate: { count: 600, perMs: 60_000 },
        recipientRate: { count: 10_000, perMs: 3_600_000 },
        messagesPerConnection: 20,
        recipientsPerMessage: 50,
        origin: 'sluice.toml:1',
      },
      { per: ['domain'], connections: 0, origin: 'sluice.toml:13' },
    ]);
  });

  it('per several keys has them in one order, however they are written', () => {
    const { limit } = parseConfig(
      '[[limit]]\nper = ["tenant", "source", "domain"]\nconnections = 1',
      'sluice.toml',
    );
    assert.deepEqual(limit[0]?.per, ['domain', 'source', 'tenant']);
  });

  it('may be lifted', () => {
    const { limit } = parseConfig(
      '[[limit]]\nper = "ip"\nconnections = "unlimited"\nmessage_rate = "unlimited"\nrecipients_per_message = "unlimited"',
      'sluice.toml',
    );
    assert.equal(limit[0]?.connections, 'unlimited');
    assert.deepEqual(limit[0]?.messageRate, { count: 0x7fffffff, perMs: 1000 });
    assert.equal(limit[0]?.recipientsPerMessage, 'unlimited');
  });

  it('may be an inline table, and has its place there', () => {
    const { limit } = parseConfig('\nlimit = [\n  { per = "ip", connections = 1 } ]', 'sluice.toml');
    assert.equal(limit[0]?.origin, 'sluice.toml:3');
  });

  it('takes thousands of domains from a file', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `customer${i}.example`);
    write('customers', `# of one provider\n\n${names.join('\r\n')}\n  *.example.net  \n[192.0.2.1]\n`);
    const file = write(
      'many.toml',
      '[[limit]]\nper = "group"\ndomain = ["example.org"]\ndomain_file = "customers"\nconnections = 3',
    );
    const [limit] = loadConfig(file).limit;
    assert.equal(limit?.domainFile, join(folder, 'customers'));
    assert.equal(limit?.domain?.length, 5003);
    assert.deepEqual(limit?.domain?.slice(0, 2), [
      { kind: 'exact', domain: 'example.org' },
      { kind: 'exact', domain: 'customer0.example' },
    ]);
    assert.deepEqual(limit?.domain?.slice(-2), [
      { kind: 'suffix', domain: 'example.net' },
      { kind: 'exact', domain: '[192.0.2.1]' },
    ]);
    assert.equal(limit?.origin, 'many.toml:1');
  });

  it('whose file of domains is wrong is refused with the lines of all such files', () => {
    const first = write('first', 'example.com\nme@example.com\n');
    const second = write('second', '\t*\n');
    const file = write(
      'wrong.toml',
      '[receive]\nrelay_domains_file = "first"\n[[limit]]\nper = "domain"\ndomain_file = "second"\nconnections = 1',
    );
    assert.throws(
      () => loadConfig(file),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.deepEqual(
          error.problems.map((problem) => [problem.file, problem.line, problem.column]),
          [
            [first, 2, 1],
            [second, 1, 2],
          ],
        );
        return true;
      },
    );
  });

  it('whose file holds no domains at all is refused with the first lines', () => {
    write('noise', '<>\n'.repeat(100_000));
    const file = write('noise.toml', '[[limit]]\nper = "domain"\ndomain_file = "noise"\nconnections = 1');
    assert.throws(
      () => loadConfig(file),
      (error) => error instanceof ConfigError && error.problems.length === 20,
    );
  });
});
