// sluice dkim: a key from its making to its publication, and what sluice check says of the files of keys.

import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { startDnsServer, type Zone } from '../../sim/dns/dns-server.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type RunResult, sluice } from './run.ts';

interface World {
  readonly path: string;
  readonly run: (...args: string[]) => Promise<RunResult>;
  readonly configure: (text: string, zone?: Zone) => Promise<void>;
}

function world(t: TestContext): World {
  const folder = temporaryFolder(t, 'dkim');
  const { path } = folder;
  const configure = async (text: string, zone: Zone = {}): Promise<void> => {
    const dns = await startDnsServer({ zone });
    folder.atEnd(() => dns.close());
    const servers = `[dns]\nservers = ["127.0.0.1:${dns.port}"]\n`;
    writeFileSync(join(path, 'sluice.toml'), `hostname = "mx.example.com"\n${text}${servers}`);
  };
  return { path, configure, run: (...args) => sluice(args, { cwd: path }) };
}

const month = new Date().toISOString().slice(0, 7).replace('-', '');
const keyTable = (file: string): string =>
  `[[signing_key]]\ndomain = ["example.com", "*.example.com"]\nfile = "${file}"\n`;

/** The strings of a record in a zone file, joined. */
function recordIn(text: string, name: string): string {
  const from = text.indexOf(`${name}. IN TXT`);
  assert.notEqual(from, -1, text);
  return [
    ...text
      .slice(from)
      .split(/\n\n|\n(?=;|[a-z])/u, 1)[0]!
      .matchAll(/"([^"]*)"/g),
  ]
    .map(([, part]) => part)
    .join('');
}

test('a key is made for its owner alone, with what to publish and to configure, and is never replaced', async (t) => {
  const { path, run, configure } = world(t);
  await configure('');
  const { code, stdout } = await run('dkim', 'keygen', 'Example.COM');
  assert.equal(code, 0);
  const file = join(path, 'dkim/example.com', `s${month}.pem`);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const before = readFileSync(file, 'utf8');
  assert.match(before, /^-----BEGIN PRIVATE KEY-----/);
  assert.ok(stdout.includes(keyTable(`dkim/example.com/s${month}.pem`)), stdout);
  assert.match(
    recordIn(stdout, `s${month}._domainkey.example.com`),
    /^v=DKIM1; k=rsa; p=[A-Za-z0-9+/]{390,}=*$/,
  );
  for (const [, part = ''] of stdout.matchAll(/^ {2}"(v=|[^"]*)"$/gm)) assert.ok(part.length <= 255);
  assert.match(
    (await run('dkim', 'keygen', 'example.com', '--type', 'ed25519')).stdout,
    new RegExp(`e${month}._domainkey.example.com. IN TXT "v=DKIM1; k=ed25519; p=.{43}="`),
  );
  assert.match((await run('dkim', 'keygen', 'example.com')).stdout, new RegExp(`s${month}b\\.pem`));
  const again = await run('dkim', 'keygen', 'example.com', '--selector', `s${month}`);
  assert.deepEqual([again.code, again.stdout], [1, '']);
  assert.match(again.stderr, /^DKIM_KEY_EXISTS: .* is there already/);
  assert.equal(readFileSync(file, 'utf8'), before);
});

test('mistakes on the command line are told', async (t) => {
  const { path, run, configure } = world(t);
  await configure('');
  assert.match((await run('dkim', 'keygen', 'a@b.example')).stderr, /^VALUE_INVALID/);
  assert.match(
    (await run('dkim', 'keygen', 'example.com', '--selector', '../x')).stderr,
    /^VALUE_INVALID: "\.\.\/x" is not a selector/,
  );
  assert.equal((await run('dkim', 'keygen', 'example.com', '--bits', '512')).code, 64);
  const long = await run('dkim', 'keygen', `${'a'.repeat(60)}.`.repeat(4).concat('test'));
  assert.equal(long.code, 64);
  assert.match(
    long.stderr,
    /^VALUE_INVALID: The name of the key would have 267 characters, and the DNS takes 253: s/,
  );
  for (const command of ['show', 'check', 'rotate'])
    assert.match(
      (await run('dkim', command, 'example.com')).stderr,
      /^DKIM_NO_KEY: No key signs mail of example\.com/,
    );
  assert.match((await run('dkim', 'show')).stderr, /^DKIM_NO_KEY: No \[\[signing_key\]\] names a domain/);
  writeFileSync(join(path, 'dkim'), '');
  assert.match((await run('dkim', 'keygen', 'example.com')).stderr, /^DKIM_KEY_UNWRITABLE/);
});

suite('sluice dkim check', () => {
  test('compares what is published with the key, and the file with what it may be', async (t) => {
    const { path, run, configure } = world(t);
    await configure('');
    await run('dkim', 'keygen', 'example.com', '--selector', 'a');
    await run('dkim', 'keygen', 'example.com', '--selector', 'b', '--type', 'ed25519');
    const table = keyTable('dkim/example.com/a.pem');
    await configure(table);
    const record = recordIn((await run('dkim', 'show')).stdout, 'a._domainkey.example.com');
    const name = 'a._domainkey.example.com';
    const checked = async (zone: Zone): Promise<string> => {
      await configure(table, zone);
      const { code, stdout } = await run('dkim', 'check');
      return `${code} ${stdout.split('\n', 1)[0]}`;
    };
    assert.equal(await checked({ [name]: { txt: [record] } }), `0 ok   ${name}: published`);
    assert.equal(
      await checked({ [name]: { txt: [`t=y; ${record.slice(9)}`] } }),
      `0 ok   ${name}: published; t=y says that it is only a test`,
    );
    assert.match(await checked({}), /^1 NOT  .*: not published: there is no TXT record/);
    assert.match(await checked({ [name]: { txt: [record, 'x'] } }), /^1 NOT .*there are 2 TXT records/);
    assert.match(await checked({ [name]: { txt: ['v=DKIM1; p='] } }), /^1 NOT .*the key is revoked/);
    const other = recordIn((await run('dkim', 'show')).stdout, 'b._domainkey.example.com');
    assert.match(await checked({ [name]: { txt: [other] } }), /^1 NOT .*it has another key/);
    chmodSync(join(path, 'dkim/example.com/a.pem'), 0o644);
    assert.match(
      await checked({ [name]: { txt: [record] } }),
      /^1 NOT .*the file cannot be used: every user of this host may read it/,
    );
    assert.match(
      (await run('check')).stdout,
      /signing_key\[1\]\.file: .*a\.pem: every user of this host may read it/,
    );
  });

  test('a key that is not in use yet is shown, and does not fail the check', async (t) => {
    const { run, configure } = world(t);
    await configure('');
    for (const selector of ['a', 'b']) await run('dkim', 'keygen', 'example.com', '--selector', selector);
    await configure(keyTable('dkim/example.com/a.pem'));
    const shown = (await run('dkim', 'show', 'example.com', '--json')).stdout.trim().split('\n');
    const [a, b] = shown.map((line) => JSON.parse(line) as { record: string; signs: boolean; name: string });
    assert.deepEqual([a!.signs, b!.signs], [true, false]);
    const zone = Object.fromEntries([a!, b!].map(({ name, record }) => [name, { txt: [record] }]));
    await configure(keyTable('dkim/example.com/a.pem'), zone);
    const { code, stdout } = await run('dkim', 'check', 'example.com');
    assert.equal(code, 0);
    assert.match(
      stdout,
      /ok {3}b\._domainkey\.example\.com: published; it can be put into \[\[signing_key\]\]/,
    );
    const { [b!.name]: _, ...onlyFirst } = zone;
    await configure(keyTable('dkim/example.com/a.pem'), onlyFirst);
    const without = await run('dkim', 'check', 'example.com');
    assert.equal(without.code, 0);
    assert.match(without.stdout, /NOT {2}b\._domainkey\.example\.com: not published/);
  });

  test("keys of qmail's layout are found by the domain", async (t) => {
    const { path, run, configure } = world(t);
    await configure('');
    await run('dkim', 'keygen', 'example.com', '--selector', 'default');
    mkdirSync(join(path, 'domainkeys/example.com'), { recursive: true });
    writeFileSync(
      join(path, 'domainkeys/example.com/default.private'),
      readFileSync(join(path, 'dkim/example.com/default.pem')),
      { mode: 0o600 },
    );
    await configure('[[signing_key]]\nfile = "domainkeys/%/default"\n');
    const { stdout } = await run('dkim', 'show', 'example.com');
    assert.match(stdout, /domainkeys\/example\.com\/default\.private: RSA, 2048 bits, signs mail/);
    assert.match(stdout, /^default\._domainkey\.example\.com\. IN TXT/m);
  });
});

test('rotate makes the next key of each type, and says when the old one may go', async (t) => {
  const { path, run, configure } = world(t);
  await configure('');
  await run('dkim', 'keygen', 'example.com', '--selector', 'a');
  await run('dkim', 'keygen', 'example.com', '--selector', 'b', '--type', 'ed25519');
  await configure(keyTable('dkim/example.com/a.pem') + keyTable('dkim/example.com/b.pem'));
  const named = await run('dkim', 'rotate', 'example.com', '--selector', 'c');
  assert.equal(named.code, 64);
  assert.match(
    named.stderr,
    /^VALUE_INVALID: 2 keys sign mail of example\.com, and each next one needs a name/,
  );
  assert.ok(!existsSync(join(path, 'dkim/example.com/c.pem')), 'nothing is left behind');
  const { code, stdout } = await run('dkim', 'rotate', 'example.com');
  assert.equal(code, 0);
  assert.match(recordIn(stdout, `s${month}._domainkey.example.com`), /k=rsa/);
  assert.match(recordIn(stdout, `e${month}._domainkey.example.com`), /k=ed25519/);
  assert.match(stdout, /a\.pem becomes\n +\S+\/s\d{6}\.pem \(selector s\d{6}\)/);
  // The lifetime of five days, and a week.
  const day = new Date(Date.now() + 12 * 86_400_000).toISOString().slice(0, 10);
  assert.match(
    stdout,
    new RegExp(
      `it may wait here for 5 days.*\\n.*after ${day}:\\n\\n {2}a\\._domainkey\\.example\\.com\\n {2}b\\._domainkey`,
    ),
  );
  assert.equal(statSync(join(path, 'dkim/example.com/a.pem')).size > 0, true);
});

const notRoot = process.getuid?.() !== 0 && 'only root runs processes as other users';

test(
  'a key is made for the user of the keys process, and one that this user may not read is told',
  { skip: notRoot },
  async (t) => {
    const { path, run, configure } = world(t);
    await configure('user = "daemon"\n[users]\nkeys = "nobody"\n');
    await run('dkim', 'keygen', 'example.com', '--selector', 'a');
    const key = join(path, 'dkim/example.com/a.pem');
    assert.notEqual(statSync(key).uid, 0);
    await configure(`user = "daemon"\n[users]\nkeys = "nobody"\n${keyTable('dkim/example.com/a.pem')}`);
    assert.doesNotMatch((await run('check')).stdout, /a\.pem/);
    chownSync(key, 0, 0);
    assert.match(
      (await run('check')).stdout,
      /a\.pem: the keys process, which runs as nobody, may not read it/,
    );
  },
);

test(
  'without a user in the configuration, a key is made for whom the spool belongs to, as a service of the system runs as a user of its own',
  { skip: notRoot },
  async (t) => {
    const { path, run, configure } = world(t);
    const table = keyTable('dkim/example.com/a.pem');
    await configure('spool = "spool"\n');
    mkdirSync(join(path, 'spool'), { mode: 0o700 });
    chownSync(join(path, 'spool'), 65_534, 65_534);
    await run('dkim', 'keygen', 'example.com', '--selector', 'a');
    const key = join(path, 'dkim/example.com/a.pem');
    assert.equal(statSync(key).uid, 65_534);
    await configure(`spool = "spool"\n${table}`);
    assert.doesNotMatch((await run('check')).stdout, /a\.pem/);
    chownSync(key, 0, 0);
    const told = /a\.pem: the user who runs Sluice, to whom the spool belongs, may not read it/;
    assert.match((await run('check')).stdout, told);
  },
);
