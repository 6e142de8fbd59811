// A configuration of several files: sluice.toml and conf.d. Their order, what is merged, and which file an error names.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ConfigSource } from '../../src/config/config-source.ts';
import { loadConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { placedText, placeWarnings } from '../../src/config/read/config-warning.ts';
import { salvagePlaces } from '../../src/config/salvage-places.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** Writes files by their names below a folder, and returns the path of sluice.toml. */
function written(t: TestContext, files: Readonly<Record<string, string>>): string {
  const { path } = temporaryFolder(t, 'fragments');
  mkdirSync(join(path, 'conf.d'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return join(path, 'sluice.toml');
}

/** The problems of a configuration, with HERE instead of its folder, without excerpts. */
function problems(file: string): string[] {
  try {
    loadConfig(file);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    const folder = file.replace(/sluice\.toml$/, '');
    return error.problems.map((each) => (placedText(each).split('\n', 1)[0] ?? '').replaceAll(folder, ''));
  }
  return [];
}

test('a fragment that is a pipe is refused, and nobody waits for its other end', (t) => {
  const file = written(t, { 'sluice.toml': 'hostname = "mx.example.com"\n' });
  execFileSync('mkfifo', [join(file, '..', 'conf.d', '10.toml')]);
  const { status, stderr } = spawnSync(process.execPath, [sluiceBin, 'check', '--config', file], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.match(stderr, /conf\.d\/10\.toml: cannot read the configuration file: it is a pipe/u);
  assert.equal(status, 78);
});

test('tables are merged, and lists of tables appended, in the order of the names by bytes', (t) => {
  const file = written(t, {
    'sluice.toml':
      'hostname = "mx.example.com"\n[queue]\nlifetime = "1d"\n[[tenant]]\nname = "main"\nsender = ["m.test"]\n',
    'conf.d/10.toml': '[queue]\nreserve = "1GiB"\n[[tenant]]\nname = "ten"\nsender = ["t.test"]\n',
    'conf.d/9.toml': '[[tenant]]\nname = "nine"\nsender = ["n.test"]\n',
    'conf.d/Z.toml': '[[tenant]]\nname = "big-z"\nsender = ["z.test"]\n',
    'conf.d/a.toml': '[[tenant]]\nname = "small-a"\nsender = ["a.test"]\n',
    'conf.d/.hidden.toml': 'nonsense = 1\n',
    'conf.d/old.toml.bak': 'nonsense = 1\n',
  });
  const config = loadConfig(file);
  assert.deepEqual(
    config.tenant.map(({ name }) => name),
    ['main', 'ten', 'nine', 'big-z', 'small-a'],
  );
  assert.equal(config.queue.lifetime, 86_400_000);
  assert.equal(config.queue.reserve, 1 << 30);
  assert.equal(config.hostname, 'mx.example.com');
  assert.deepEqual(
    config.fragments.map((each) => each.split('/').at(-1)),
    ['10.toml', '9.toml', 'Z.toml', 'a.toml'],
  );
});

test('each error names its file, also within a list that several files add to', (t) => {
  const file = written(t, {
    'sluice.toml': 'hostnam = "x"\n[[limit]]\nper = "domain"\nconnections = 1\n',
    'conf.d/a.toml': '[[limit]]\nper = "domain"\nconnections = -1\n\n[[limit]]\nper = "nothing"\n',
    'conf.d/b.toml':
      '\n[queue]\nlifetime = "soon"\n[[limit]]\nper = "site"\nconnectionz = 3\nconnections = 3\n',
  });
  assert.deepEqual(
    problems(file).map((text) => text.split(': ').slice(0, 2).join(': ')),
    [
      'sluice.toml:1:1: hostnam',
      'conf.d/a.toml:3:15: limit[2].connections',
      'conf.d/a.toml:6:7: limit[3].per',
      'conf.d/b.toml:3:12: queue.lifetime',
      'conf.d/b.toml:6:1: limit[4].connectionz',
    ],
  );
});

test('a key in two files is an error that names both', (t) => {
  const file = written(t, {
    'sluice.toml': 'hostname = "a.example.com"\n\n[receive]\nrelay_networks = ["10.0.0.0/8"]\n',
    'conf.d/a.toml': '[receive]\nrelay_networks = ["192.0.2.0/24"]\nmax_recipients = 10\n',
    'conf.d/b.toml': 'hostname = "b.example.com"\n[receive]\nmax_recipients = 10\n',
    'conf.d/c.toml': '[[receive]]\n',
  });
  assert.deepEqual(problems(file), [
    'conf.d/a.toml:2:1: receive.relay_networks: is also given in sluice.toml:4; leave it in one of the two files',
    'conf.d/b.toml:1:1: hostname: is also given in sluice.toml:1; leave it in one of the two files',
    'conf.d/b.toml:3:1: receive.max_recipients: is also given in conf.d/a.toml:3; leave it in one of the two files',
    'conf.d/c.toml:1:3: receive: is also given in sluice.toml:3; leave it in one of the two files',
  ]);
});

test('mistakes in TOML of several files are reported together', (t) => {
  const file = written(t, {
    'sluice.toml': 'a = = 1\n',
    'conf.d/a.toml': 'b = = 1\n',
    'conf.d/b.toml': '# well\n',
  });
  assert.deepEqual(
    problems(file).map((text) => text.slice(0, text.indexOf(' '))),
    ['sluice.toml:1:5:', 'conf.d/a.toml:1:5:'],
  );
});

test('warnings have the place of their own file', (t) => {
  const file = written(t, {
    'sluice.toml': '[[limit]]\nper = "domain"\nconnections = 1\n',
    'conf.d/a.toml': '# a line\n[[limit]]\nper = "site"\nconnections = 1\n',
  });
  const [warning] = placeWarnings([{ path: ['limit', 1, 'connections'], message: 'is low' }], file).map(
    placedText,
  );
  assert.equal(warning, `${file.replace('sluice.toml', 'conf.d/a.toml')}:4:15: limit[2].connections: is low`);
  assert.equal(loadConfig(file).limit[1]?.origin, 'a.toml:2');
});

test('relative paths start at the folder of sluice.toml, in a fragment too', (t) => {
  const file = written(t, { 'sluice.toml': '', 'conf.d/a.toml': 'spool = "mail"\n' });
  assert.equal(loadConfig(file).spool, file.replace('sluice.toml', 'mail'));
});

test('a file of another name has fragments of its own', (t) => {
  const file = written(t, { 'sluice.toml': '', 'conf.d/a.toml': 'hostname = "a.example.com"\n' });
  const other = file.replace('sluice.toml', 'second.toml');
  writeFileSync(other, '');
  mkdirSync(other.replace('.toml', '.d'));
  writeFileSync(other.replace('.toml', '.d/x.toml'), 'hostname = "second.example.com"\n');
  assert.equal(loadConfig(file).hostname, 'a.example.com');
  assert.equal(loadConfig(other).hostname, 'second.example.com');
});

test('a reload follows fragments that come, change and go, and refuses one that was emptied', (t) => {
  const file = written(t, { 'sluice.toml': '# all is in conf.d\n' });
  const fragment = file.replace('sluice.toml', 'conf.d/a.toml');
  const source = new ConfigSource(file);
  const hostname = source.read().hostname;
  writeFileSync(fragment, 'hostname = "one.example.com"\n');
  assert.equal(source.read().hostname, 'one.example.com');
  writeFileSync(fragment, '');
  assert.throws(() => source.read(), /conf\.d\/a\.toml: the file is empty now/u);
  writeFileSync(fragment, 'hostname = "two.example.com"\n');
  assert.equal(source.read().hostname, 'two.example.com');
  rmSync(fragment);
  assert.equal(source.read().hostname, hostname);
});

test('commands find the running Sluice by a fragment, when another one has a mistake', (t) => {
  const file = written(t, {
    'sluice.toml': 'hostname = "mx.example.com"\n',
    'conf.d/a.toml': 'control_socket = "/run/sluice/c.sock"\n[queue]\nlifetime = "soon"\n',
  });
  let mistake: unknown;
  try {
    loadConfig(file);
  } catch (error) {
    mistake = error;
  }
  assert.ok(mistake instanceof ConfigError);
  assert.equal(salvagePlaces(file, mistake).controlSocket, '/run/sluice/c.sock');
});
