// sluice srs: addresses made and turned back, secrets made and renewed, and what is published.

import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startDnsServer, type Zone } from '../../sim/dns/dns-server.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type RunResult, sluice } from './run.ts';

interface World {
  readonly file: string;
  readonly run: (...args: string[]) => Promise<RunResult>;
  readonly configure: (text: string, zone?: Zone) => Promise<void>;
}

const srs = '[srs]\ndomain = "srs.test"\nsecret_file = "srs.secret"\n';
const route = '[[route]]\nmx = true\nsrs = true\n';

function world(t: TestContext): World {
  const folder = temporaryFolder(t, 'srs');
  const { path } = folder;
  const configure = async (text: string, zone: Zone = {}): Promise<void> => {
    const dns = await startDnsServer({ zone });
    folder.atEnd(() => dns.close());
    const servers = `[dns]\nservers = ["127.0.0.1:${dns.port}"]\n`;
    writeFileSync(join(path, 'sluice.toml'), `hostname = "mx.example.com"\n${text}${servers}`);
  };
  return { file: join(path, 'srs.secret'), configure, run: (...args) => sluice(args, { cwd: path }) };
}

test('a secret is made for its owner alone; a further one signs, and the first stays good', async (t) => {
  const { file, run, configure } = world(t);
  const made = await run('srs', 'secret', file);
  assert.equal(made.code, 0, made.stderr);
  assert.ok(made.stdout.includes(`secret_file = "${file}"`));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await configure(`${srs}${route}`);
  const before = (await run('srs', 'forward', 'joe@far.test')).stdout.trim();
  assert.match(before, /^SRS0=.{4}=..=far\.test=joe@srs\.test$/);
  const more = await run('srs', 'secret');
  assert.match(more.stdout, /is the first one in .*Remove their lines after \d{4}-\d\d-\d\d/s);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const after = (await run('srs', 'forward', 'joe@far.test')).stdout.trim();
  assert.notEqual(after, before);
  assert.match(
    (await run('srs', 'reverse', before)).stdout,
    /^joe@far\.test\n.*made today; signed with secret 2/,
  );
  assert.match((await run('srs', 'reverse', after)).stdout, /^joe@far\.test\n {2}made today\n$/);
  await run('srs', 'secret', '--last');
  assert.equal((await run('srs', 'forward', 'joe@far.test')).stdout.trim(), after);
  assert.equal(readFileSync(file, 'utf8').match(/^[^#\n]+$/gm)?.length, 3);
});

test('an address that is not taken is told with its reason, and exits with 65', async (t) => {
  const { file, run, configure } = world(t);
  await run('srs', 'secret', file);
  await configure(srs);
  const of = async (address: string) => {
    const { code, stderr } = await run('srs', 'reverse', address);
    assert.equal(code, 65);
    return stderr;
  };
  assert.match(await of('SRS0=aaaa=AA=far.test=joe@srs.test'), /none of the secrets has signed it/);
  assert.match(await of('joe@srs.test'), /it is no SRS address of this server/);
  assert.match(await of('SRS0=x@srs.test'), /it has not the parts/);
  assert.match((await run('srs', 'forward', '<>')).stdout, /stays as it is/);
  assert.equal((await run('srs', 'forward', 'joe')).code, 64);
});

test('without [srs], or with a file that is open to all, commands say what to do', async (t) => {
  const { file, run, configure } = world(t);
  await configure('');
  const off = await run('srs', 'forward', 'joe@far.test');
  assert.deepEqual([off.code, off.stderr.split(':')[0]], [78, 'SRS_OFF']);
  await run('srs', 'secret', file);
  chmodSync(file, 0o644);
  await configure(srs);
  const open = await run('srs', 'secret');
  assert.match(open.stderr, /^SRS_SECRET_MISSING: .*every user of this host may read it \(chmod o-r\)/);
  const { stdout } = await run('check');
  assert.match(stdout, /srs\.secret_file: .*chmod o-r/);
  assert.match(stdout, /srs\.domain: no \[\[route\]\] has srs = true/);
});

test('check compares what is published with this server', async (t) => {
  const { file, run, configure } = world(t);
  await run('srs', 'secret', file);
  await configure(`${srs}${route}`);
  const nothing = await run('srs', 'check');
  assert.equal(nothing.code, 1);
  assert.match(nothing.stdout, /^ok {3}secrets: .*\nok {3}routes: 1 of 1.*\nNOT {2}MX: .*\nNOT {2}SPF: /);
  const source = '[[source]]\naddress = "192.0.2.1"\n';
  const zone: Zone = {
    'srs.test': {
      mx: [{ preference: 10, exchange: 'mx.example.com' }],
      txt: ['v=spf1 ip4:192.0.2.1 -all'],
    },
  };
  await configure(`${srs}${route}${source}`, zone);
  const found = await run('srs', 'check');
  assert.equal(found.code, 0, found.stdout);
  assert.match(found.stdout, /ok {3}SPF: srs\.test from 192\.0\.2\.1: pass/);
  await configure(`${srs}${route}${source.replace('2.1', '2.9')}`, zone);
  assert.match((await run('srs', 'check')).stdout, /NOT {2}SPF: srs\.test from 192\.0\.2\.9: fail/);
});

test(
  'root makes the first secret for whom the spool belongs to, and is told when that user may not read it',
  { skip: process.getuid?.() !== 0 && 'only root makes files for others' },
  async (t) => {
    const { file, run, configure } = world(t);
    await configure('spool = "spool"\n');
    const spool = join(dirname(file), 'spool');
    mkdirSync(spool, { mode: 0o700 });
    chownSync(spool, 65_534, 65_534);
    await run('srs', 'secret', file);
    assert.equal(statSync(file).uid, 65_534);
    await configure(`spool = "spool"\n${srs}${route}`);
    assert.doesNotMatch((await run('check')).stdout, /srs\.secret/);
    chownSync(file, 0, 0);
    const told = /srs\.secret: the user who runs Sluice, to whom the spool belongs, may not read it/;
    assert.match((await run('check')).stdout, told);
  },
);
