// What the program says and the code it ends with: version, check, config show, mistakes on the command line.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, describe, it } from 'node:test';

import { olderNode } from './older-node.ts';
import { sluice } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const repository = fileURLToPath(new URL('../../', import.meta.url));
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };

/** Root is told that processes would stay root. */
function rootWarning(file: string): string {
  if (process.getuid?.() !== 0) return '';
  return `warning: ${file}: user: not set: started by root, every process that talks to the network is root; name a user for them (docs/security.md)\n`;
}

describe('sluice', { concurrency: true }, () => {
  it('version says what it is and what it runs on', async () => {
    const text = await sluice(['version']);
    const here = `(Node ${process.versions.node}, ${process.platform} ${process.arch})`;
    assert.deepEqual(text, { code: 0, stdout: `sluice ${version} ${here}\n`, stderr: '' });
    const json = await sluice(['version', '--json']);
    assert.equal((JSON.parse(json.stdout) as { sluice: string }).sluice, version);
  });

  it('check prints a summary of a correct file', async () => {
    const file = write(
      'good.toml',
      'hostname = "mx.example.com"\nspool = "spool"\n[receive]\nrelay_domains = ["example.com"]\n[[listen]]\naddress = "127.0.0.1:0"\n',
    );
    const result = await sluice(['check', file]);
    assert.deepEqual(result, {
      code: 0,
      stdout:
        `${file}: no problems found.\n` +
        '  hostname    mx.example.com\n' +
        '  listens on  127.0.0.1:0\n' +
        '  relays      from 127.0.0.0/8, ::1/128 to anywhere\n' +
        '              from elsewhere to 1 domain pattern\n' +
        '  routes      all mail by MX\n' +
        '  limits      built in: 20 per domain, 50 per site, 20 per ip\n' +
        `  spool       ${join(folder, 'spool')}\n${rootWarning(file)}`,
      stderr: '',
    });
  });

  it('check prints limits, tenants and sources', async () => {
    const file = write(
      'shaped.toml',
      'hostname = "mx.example.com"\nspool = "/var/spool/sluice"\nlimit = [{ per = "domain", connections = 5 }, { per = "group", ip = ["192.0.2.0/24"], message_rate = "5/s" }]\n' +
        'tenant = [{ name = "shop", sender = ["shop.example"] }]\nsource = [{ address = "192.0.2.25" }, { address = "192.0.2.26", helo_name = "b.example.com" }]',
    );
    const { stdout } = await sluice(['check', file]);
    assert.equal(
      stdout.slice(stdout.indexOf('  limits'), stdout.indexOf('  spool')),
      '  limits      2 in the file; built in: 50 per site, 20 per ip\n' +
        '  tenants     1\n' +
        '  sends from  192.0.2.25 as mx.example.com\n' +
        '              192.0.2.26 as b.example.com\n',
    );
  });

  it('check prints all problems and ends with EX_CONFIG', async () => {
    const file = write('bad.toml', '[receive]\nmax_recipient = 5\n[log]\nlevel = "loud"\n');
    const result = await sluice(['check', file]);
    assert.deepEqual(result, {
      code: 78,
      stdout: '',
      stderr:
        `${file}:2:1: receive.max_recipient: there is no such key; did you mean max_recipients?\n` +
        '  2 | max_recipient = 5\n' +
        '    | ^\n' +
        `${file}:4:9: log.level: must be "debug" or "info" or "warn" or "error", not "loud"\n` +
        '  4 | level = "loud"\n' +
        '    |         ^\n' +
        '2 problems found. Correct the file and try again; `sluice config show --defaults` prints every key with its meaning.\n',
    });
    const json = await sluice(['check', '--json'], { env: { SLUICE_CONFIG: file } });
    assert.equal(json.code, 78);
    const { ok, problems } = JSON.parse(json.stdout) as {
      ok: boolean;
      problems: { line: number; suggestion?: string }[];
    };
    assert.equal(ok, false);
    assert.deepEqual(
      problems.map((problem) => [problem.line, problem.suggestion]),
      [
        [2, 'max_recipients'],
        [4, undefined],
      ],
    );
  });

  it('check finds ./sluice.toml by itself', async () => {
    const here = join(folder, 'here');
    mkdirSync(here);
    writeFileSync(join(here, 'sluice.toml'), 'hostname = "here.example.com"');
    const result = await sluice(['check'], { cwd: here });
    assert.match(
      result.stdout,
      /^\.\/sluice\.toml: no problems found\.\n {2}hostname {4}here\.example\.com\n/,
    );
  });

  it('check reports that a named file does not exist', async () => {
    const result = await sluice(['check', '/nonexistent.toml']);
    assert.equal(result.code, 78);
    assert.match(
      result.stderr,
      /^\/nonexistent\.toml: cannot read the configuration file: it does not exist\n/,
    );
  });

  it('config show prints a configuration that check accepts', async () => {
    const shown = await sluice(['config', 'show', '--defaults']);
    assert.equal(shown.code, 0);
    const checked = await sluice(['check', write('defaults.toml', shown.stdout)]);
    assert.equal(checked.code, 0, checked.stderr);
    const inForce = await sluice([
      'config',
      'show',
      '--config',
      write('some.toml', '[queue]\nlifetime = "2d"\n'),
    ]);
    assert.match(inForce.stdout, /\nlifetime = "2d"\n/);
    assert.match(inForce.stdout, /\nbounce_lifetime = "1d"\n/);
  });

  it('config show accepts one form at a time', async () => {
    const result = await sluice(['config', 'show', '--defaults', '--json-schema']);
    assert.equal(result.code, 64);
    assert.match(result.stderr, /^error: option '--(defaults|json-schema)' cannot be used with option/);
  });

  it('suggests a command for a misspelt one', async () => {
    const result = await sluice(['chekc']);
    assert.equal(result.code, 64);
    assert.match(result.stderr, /unknown command 'chekc'\n\(Did you mean check\?\)/);
  });

  it('--help lists every command', async () => {
    const { code, stdout } = await sluice(['--help']);
    assert.equal(code, 0);
    for (const name of ['serve', 'check', 'config', 'reload', 'status', 'queue', 'sendmail', 'version']) {
      assert.match(stdout, new RegExp(`^  ${name}\\b`, 'm'));
    }
  });
});

const old = olderNode();
describe(
  'sluice on a Node that is too old',
  { skip: old === undefined && 'there is no older Node here' },
  () => {
    it('runs with the Node that was installed with it', async () => {
      const result = await sluice(['version'], { node: old ?? '' });
      assert.equal(result.code, 0, result.stderr);
      assert.match(result.stdout, /\(Node 2[6-9]\./);
    });

    it('passes the exit code on', async () => {
      const result = await sluice(['check', '/nonexistent.toml'], { node: old ?? '' });
      assert.equal(result.code, 78);
    });

    it('says what to do when no Node was installed with it', async () => {
      const lonely = join(folder, 'lonely');
      mkdirSync(join(lonely, 'bin'), { recursive: true });
      cpSync(join(repository, 'bin/sluice.js'), join(lonely, 'bin/sluice.js'));
      writeFileSync(join(lonely, 'package.json'), '{ "type": "module" }');
      const result = await sluice(['version'], { node: old ?? '', file: join(lonely, 'bin/sluice.js') });
      assert.equal(result.code, 69);
      assert.match(
        result.stderr,
        /^RUNTIME_TOO_OLD: Sluice needs Node 26 or newer; this is Node \d+\.[\d.]+, and no runtime for /,
      );
    });
  },
);

describe('an installed sluice', () => {
  it('runs the built JavaScript, because Node strips no types in packages', async () => {
    const installed = join(folder, 'node_modules/sluice');
    mkdirSync(join(installed, 'dist/cli'), { recursive: true });
    cpSync(join(repository, 'bin'), join(installed, 'bin'), { recursive: true });
    writeFileSync(join(installed, 'package.json'), '{ "type": "module" }');
    writeFileSync(
      join(installed, 'dist/cli/main.js'),
      'export const main = async (args) => (console.log("built", ...args), 3);',
    );
    const link = join(folder, 'sluice');
    symlinkSync(join(installed, 'bin/sluice.js'), link);
    const result = await sluice(['a', 'b'], { file: link });
    assert.deepEqual(result, { code: 3, stdout: 'built a b\n', stderr: '' });
  });
});
