// A configuration file, its folder and the files that it names.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { defaultConfig, loadConfig } from '../../src/config/config.ts';
import { configWarnings } from '../../src/config/check/warnings.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('a configuration file', () => {
  it('resolves relative paths from its folder', () => {
    const file = write(
      'paths.toml',
      'spool = "queue"\ncontrol_socket = "/run/sluice.sock"\n[log]\nfile = "logs/mail.log"',
    );
    const config = loadConfig(file);
    assert.equal(config.file, file);
    assert.equal(config.spool, join(folder, 'queue'));
    assert.equal(config.controlSocket, '/run/sluice.sock');
    assert.equal(config.log.file, join(folder, 'logs/mail.log'));
  });

  it('fills in defaults that depend on other keys', () => {
    const file = write(
      'derived.toml',
      'hostname = "mx.example.com"\n[receive]\nrelay_networks = ["10.0.0.0/8"]',
    );
    const config = loadConfig(file);
    assert.equal(config.deliver.heloName, 'mx.example.com');
    assert.equal(config.bounce.from, 'MAILER-DAEMON@mx.example.com');
    assert.deepEqual(config.receive.clientLimitsExempt, [{ address: '10.0.0.0', prefix: 8 }]);
  });

  it('may name a file with relay domains', () => {
    write('rcpthosts', '# ours\nexample.com\n\n  *.Example.net \r\n');
    const file = write(
      'domains.toml',
      '[receive]\nrelay_domains = ["example.org"]\nrelay_domains_file = "rcpthosts"',
    );
    const { receive } = loadConfig(file);
    assert.deepEqual(receive.relayDomains, [
      { kind: 'exact', domain: 'example.org' },
      { kind: 'exact', domain: 'example.com' },
      { kind: 'suffix', domain: 'example.net' },
    ]);
    assert.equal(receive.relayDomainsFile, join(folder, 'rcpthosts'));
  });

  it('whose relay domains are wrong is refused with their lines', () => {
    const domains = write('wrong', 'example.com\n # ours\n  me@example.com\n*\n');
    const file = write('wrong.toml', '[receive]\nrelay_domains_file = "wrong"');
    assert.throws(
      () => loadConfig(file),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.deepEqual(
          error.problems.map((problem) => [problem.file, problem.line, problem.column]),
          [
            [domains, 3, 3],
            [domains, 4, 1],
          ],
        );
        return true;
      },
    );
  });

  it('that does not exist is an error with its own code', () => {
    assert.throws(() => loadConfig(join(folder, 'none.toml')), {
      code: 'CONFIG_UNREADABLE',
      message: `${join(folder, 'none.toml')}: cannot read the configuration file: it does not exist`,
    });
  });
});

describe('the defaults', () => {
  it('listen on loopback and relay for loopback only', () => {
    const config = defaultConfig();
    assert.deepEqual(config.listen, [
      {
        address: { kind: 'tcp', host: '127.0.0.1', port: 2525 },
        protocol: 'smtp',
        socketMode: 0o660,
        completeMail: true,
        proxyProtocol: [],
        xclient: [],
        xclientLogins: false,
        xforward: [],
        xverp: [],
        receive: {},
      },
    ]);
    assert.deepEqual(config.receive.relayNetworks, [
      { address: '127.0.0.0', prefix: 8 },
      { address: '::1', prefix: 128 },
    ]);
    assert.deepEqual(config.receive.relayDomains, []);
    assert.equal(config.spool, join(process.cwd(), 'var/spool'));
  });

  it('use the host name of the system as a full host name', () => {
    const expected = hostname().includes('.')
      ? hostname().toLowerCase()
      : `${hostname().toLowerCase()}.localdomain`;
    assert.equal(defaultConfig().hostname, expected);
  });
});

describe('a warning', () => {
  it('is given for values that are valid but dangerous', () => {
    const file = write(
      'open.toml',
      'hostname = "mx.example.com"\n[receive]\nrelay_networks = ["0.0.0.0/0"]\n[queue]\nsync = "none"\nbounce_lifetime = "9d"',
    );
    const keys = configWarnings(loadConfig(file)).map(({ path }) => path.join('.'));
    assert.deepEqual(keys, ['receive.relay_networks.0', 'queue.sync', 'queue.bounce_lifetime']);
  });

  it('is not given for usual values', () => {
    assert.deepEqual(configWarnings(loadConfig(write('good.toml', 'hostname = "mx.example.com"'))), []);
  });
});
