// The supervisor's desk for certificates: what it gives to receivers, how it follows the files, what it reports, and the certificate
// that it makes where there is none.

import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { parseConfig } from '../../src/config/config.ts';
import { CertificateDesk } from '../../src/process/supervise/certificate-desk.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { type Leaf, makeAuthority } from '../support/certificates.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { keptLog } from './quiet-log.ts';

const authority = makeAuthority();
const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** A folder with files, and desks on it with a clock of their own. */
function world(t: TestContext) {
  const folder = temporaryFolder(t, 'certificates').path;
  mkdirSync(join(folder, 'spool'), { mode: 0o700 });
  const clock = { nowMs: Date.now() };
  const log = keptLog();
  const troubles = new Troubles();
  return {
    folder,
    clock,
    log,
    troubles,
    config: (text = '') =>
      parseConfig(`hostname = "mail.example.com"\nspool = "spool"\n${text}`, join(folder, 'sluice.toml')),
    desk(text?: string) {
      return new CertificateDesk(this.config(text), { log, troubles, now: () => clock.nowMs });
    },
    /** Replaces a file as a whole, as programs that renew certificates do. */
    write(name: string, text: string, mode = 0o600) {
      writeFileSync(join(folder, 'new'), text, { mode });
      renameSync(join(folder, 'new'), join(folder, name));
    },
    install(leaf: Leaf, name = 'a') {
      this.write(`${name}.pem`, leaf.chain);
      this.write(`${name}.key`, leaf.key);
    },
  };
}

const table = (name: string) => `[[certificate]]\nchain = "${name}.pem"\nkey = "${name}.key"\n`;

test('receivers get chains, keys and names in the order of the file', (t) => {
  const here = world(t);
  const [a, b] = [authority.issue({ names: ['a.test'] }), authority.issue({ names: ['b.test'] })];
  here.install(a, 'a');
  here.install(b, 'b');
  const desk = here.desk(`${table('b')}${table('a')}names = ["c.test", "*.d.test"]\n`);
  const { certificates } = desk.material;
  assert.deepEqual(
    certificates.map(({ chain, names }) => [chain, names]),
    [
      [b.chain, ['b.test']],
      [a.chain, ['c.test', '*.d.test']],
    ],
  );
  assert.deepEqual(
    certificates.map(({ key }) => key),
    [b.key, a.key],
  );
  assert.equal(JSON.stringify(desk.facts).includes('PRIVATE'), false);
  assert.equal(existsSync(join(here.folder, 'spool/tls')), false);
  assert.deepEqual(here.troubles.list, []);
});

test('files that change are read again, also when only a link leads elsewhere', async (t) => {
  const here = world(t);
  const [first, second] = [authority.issue({ names: ['a.test'] }), authority.issue({ names: ['b.test'] })];
  for (const [name, leaf] of [
    ['1', first],
    ['2', second],
  ] as const)
    here.install(leaf, name);
  const link = (version: string): void => {
    for (const kind of ['pem', 'key']) {
      rmSync(join(here.folder, `a.${kind}`), { force: true });
      symlinkSync(join(here.folder, `${version}.${kind}`), join(here.folder, `a.${kind}`));
    }
  };
  link('1');
  const desk = here.desk(table('a'));
  let changes = 0;
  desk.onChanged(() => changes++);
  await desk.look();
  assert.equal(changes, 0);
  link('2');
  await desk.look();
  assert.equal(changes, 1);
  assert.deepEqual(desk.material.certificates[0]?.names, ['b.test']);
  assert.equal(desk.material.certificates[0].key, second.key);
});

test('a key and a chain that do not fit together are a trouble at the second look, and those of before serve on', async (t) => {
  const here = world(t);
  const [first, second] = [authority.issue(), authority.issue({ names: ['renewed.test'] })];
  here.install(first);
  const desk = here.desk(table('a'));
  here.write('a.pem', second.chain);
  await desk.look();
  const troubles = () => here.troubles.list;
  assert.deepEqual(troubles(), []);
  await desk.look();
  await desk.look();
  const [trouble] = troubles();
  assert.equal(trouble?.key, 'certificate');
  assert.match(
    trouble.text,
    /what was read before is in force\. Comparing .*a\.key with .*a\.pem: the key does not belong/u,
  );
  assert.equal(here.log.lines.filter((line) => line.includes('were not read again')).length, 1);
  assert.equal(desk.material.certificates[0]?.key, first.key);
  here.write('a.key', second.key);
  await desk.look();
  assert.deepEqual(here.troubles.list, []);
  assert.equal(desk.material.certificates[0]?.key, second.key);
});

test('a start with a file that is missing fails, and so does a reload, which changes nothing', (t) => {
  const here = world(t);
  const missing = { code: 'CERTIFICATE_FILE', message: /^Reading .*\/a\.pem: there is no such file\.$/u };
  assert.throws(() => here.desk(table('a')), missing);
  here.install(authority.issue({ names: ['b.test'] }), 'b');
  const desk = here.desk(table('b'));
  assert.throws(() => desk.read(here.config(table('a'))), missing);
  assert.deepEqual(desk.material.certificates[0]?.names, ['b.test']);
  here.install(authority.issue({ names: ['a.test'] }), 'a');
  desk.use(desk.read(here.config(table('a'))));
  assert.deepEqual(desk.material.certificates[0]?.names, ['a.test']);
});

test('certificates that have expired or soon will are troubles until they are renewed', async (t) => {
  const here = world(t);
  const { nowMs } = here.clock;
  here.install(
    authority.issue({ names: ['old.test'], from: nowMs - 90 * dayMs, until: nowMs - hourMs }),
    'old',
  );
  here.install(
    authority.issue({ names: ['soon.test'], from: nowMs - 60 * dayMs, until: nowMs + 15 * dayMs }),
    'soon',
  );
  here.install(
    authority.issue({ names: ['short.test'], from: nowMs - dayMs, until: nowMs + 5 * dayMs }),
    'short',
  );
  const desk = here.desk(['old', 'soon', 'short'].map(table).join(''));
  const texts = (): string[] =>
    here.troubles.list.map(({ text }) => text.replace(/^.*\//u, '').replace(/ on .*/u, ''));
  assert.deepEqual(texts(), ['old.pem for old.test expired']);
  here.clock.nowMs += 4 * dayMs;
  await desk.look();
  assert.deepEqual(texts(), [
    'old.pem for old.test expired',
    'soon.pem for soon.test expires',
    'short.pem for short.test expires',
  ]);
  here.install(authority.issue({ names: ['old.test'] }), 'old');
  await desk.look();
  assert.deepEqual(texts(), ['soon.pem for soon.test expires', 'short.pem for short.test expires']);
});

test('a key that every user may read is a trouble', async (t) => {
  const here = world(t);
  here.install(authority.issue());
  chmodSync(join(here.folder, 'a.key'), 0o644);
  const desk = here.desk(table('a'));
  assert.match(
    here.troubles.list[0]?.text ?? '',
    /^Every user of this host may read the private key .*a\.key\.$/u,
  );
  chmodSync(join(here.folder, 'a.key'), 0o640);
  await desk.look();
  assert.deepEqual(here.troubles.list, []);
});

test('ticket keys are the same for everybody, and others after an hour', async (t) => {
  const here = world(t);
  const desk = here.desk();
  const { ticketKeys } = desk.material;
  assert.equal(Buffer.from(ticketKeys.current, 'base64').length, 48);
  assert.equal(ticketKeys.former, '');
  assert.deepEqual(desk.material.ticketKeys, ticketKeys);
  let changes = 0;
  desk.onChanged(() => changes++);
  here.clock.nowMs += hourMs - 1;
  await desk.look();
  assert.deepEqual(desk.material.ticketKeys, ticketKeys);
  here.clock.nowMs++;
  await desk.look();
  const next = desk.material.ticketKeys;
  assert.notEqual(next.current, ticketKeys.current);
  assert.equal(next.former, ticketKeys.current);
  assert.equal(changes, 1);
});

test('a ticket key that was not changed in time, as after a pause of the host, is not taken any longer', async (t) => {
  const here = world(t);
  const desk = here.desk();
  here.clock.nowMs += 3 * hourMs;
  await desk.look();
  assert.equal(desk.material.ticketKeys.former, '');
});

test('where no listener has TLS, no certificate is made, and a reload that asks for TLS makes one', (t) => {
  const here = world(t);
  const desk = here.desk('[receive]\ntls = "none"\n');
  assert.deepEqual([desk.facts, desk.material.certificates], [[], []]);
  assert.equal(existsSync(join(here.folder, 'spool/tls')), false);
  desk.use(desk.read(here.config('')));
  assert.equal(desk.material.certificates.length, 1);
  desk.use(
    desk.read(
      here.config('[receive]\ntls = "none"\n[[listen]]\naddress = "127.0.0.1:2525"\ntls = "offered"\n'),
    ),
  );
  assert.equal(desk.material.certificates.length, 1);
  desk.use(desk.read(here.config('[[listen]]\naddress = "127.0.0.1:2525"\ntls = "none"\n')));
  assert.equal(desk.material.certificates.length, 0);
});

test('without a certificate, one is made, kept for this user alone, and renewed in time with its key', async (t) => {
  const here = world(t);
  const desk = here.desk();
  const file = join(here.folder, 'spool/tls/self-signed.pem');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(join(here.folder, 'spool/tls')).mode & 0o777, 0o700);
  assert.deepEqual(
    desk.facts.map(({ file: from, names }) => [from, names]),
    [['', ['mail.example.com']]],
  );
  assert.ok(here.log.lines.some((line) => line.includes('there is no [[certificate]]')));
  const [made] = desk.facts;
  assert.deepEqual(here.desk().facts, desk.facts);
  here.clock.nowMs += 340 * dayMs;
  await desk.look();
  const [renewed] = desk.facts;
  assert.notEqual(renewed?.fingerprint, made?.fingerprint);
  assert.equal(renewed?.keyFingerprint, made?.keyFingerprint);
  assert.deepEqual(here.desk().facts, desk.facts);
});

test('a self-signed certificate that is damaged is replaced with a warning of its TLSA records, and kept', (t) => {
  const here = world(t);
  const file = join(here.folder, 'spool/tls/self-signed.pem');
  const warnings = (): string[] => here.log.lines.filter((line) => line.startsWith('warn'));
  const [made] = here.desk().facts;
  assert.deepEqual(warnings(), []);
  const text = readFileSync(file, 'utf8');
  for (const damaged of ['garbage', '', text.slice(0, 200)]) {
    here.log.lines.length = 0;
    writeFileSync(file, damaged);
    const desk = here.desk();
    assert.notEqual(desk.facts[0]?.keyFingerprint, made?.keyFingerprint);
    const [warning = '', ...more] = warnings();
    assert.match(
      warning,
      /self-signed\.pem cannot be used \(it is damaged\), so another one with another key is made; TLSA records of the old key do not match/,
    );
    assert.deepEqual(more, []);
    assert.equal(readFileSync(`${file}.damaged`, 'utf8'), damaged);
    here.log.lines.length = 0;
    assert.deepEqual(here.desk().facts, desk.facts);
    assert.deepEqual(warnings(), []);
  }
});

test('a self-signed certificate whose file is damaged while it is served is renewed with its key', async (t) => {
  const here = world(t);
  const desk = here.desk();
  const [made] = desk.facts;
  writeFileSync(join(here.folder, 'spool/tls/self-signed.pem'), 'garbage');
  here.clock.nowMs += 340 * dayMs;
  await desk.look();
  assert.equal(desk.facts[0]?.keyFingerprint, made?.keyFingerprint);
  assert.deepEqual(here.desk().facts, desk.facts);
});

test('a self-signed certificate that others could have put there is not used', (t) => {
  const here = world(t);
  const stranger = makeAuthority().issue({ names: ['mail.example.com'] });
  const folder = join(here.folder, 'spool/tls');
  const file = join(folder, 'self-signed.pem');
  const foreign = stranger.key + stranger.certificate;
  const isUsed = (): boolean => here.desk().facts[0]?.fingerprint === stranger.fingerprint;
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(file, foreign, { mode: 0o600 });
  assert.equal(isUsed(), true); // otherwise the rest would prove nothing
  writeFileSync(file, foreign);
  chmodSync(file, 0o640);
  assert.equal(isUsed(), false);
  writeFileSync(join(here.folder, 'elsewhere'), foreign, { mode: 0o600 });
  rmSync(file);
  symlinkSync(join(here.folder, 'elsewhere'), file);
  assert.equal(isUsed(), false);
  assert.equal(readFileSync(join(here.folder, 'elsewhere'), 'utf8'), foreign);
  rmSync(folder, { recursive: true });
  mkdirSync(join(here.folder, 'theirs'), { mode: 0o700 });
  writeFileSync(join(here.folder, 'theirs/self-signed.pem'), foreign, { mode: 0o600 });
  symlinkSync(join(here.folder, 'theirs'), folder);
  assert.equal(isUsed(), false);
  assert.ok(here.log.lines.some((line) => line.includes('cannot be stored')));
});

test('authorities are read for receivers; a certificate of a client among them is refused', (t) => {
  const here = world(t);
  const listener = '[[listen]]\naddress = "127.0.0.1:0"\nrelay_ca = "clients.pem"\n';
  here.write('clients.pem', authority.certificate + authority.intermediate().certificate);
  const { authorities } = here.desk(listener).material;
  assert.deepEqual(Object.keys(authorities), [join(here.folder, 'clients.pem')]);
  here.write('clients.pem', authority.issue().certificate);
  assert.throws(() => here.desk(listener), {
    code: 'CERTIFICATE_FORM',
    message: /number 1 is not the certificate of an authority/u,
  });
});

test('a desk that was started looks every ten seconds by itself, until it is stopped', async (t) => {
  const here = world(t);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  here.install(authority.issue({ names: ['first.test'] }));
  const desk = here.desk(table('a'));
  const waiting: (() => void)[] = [];
  desk.onChanged(() => waiting.shift()?.());
  const changed = () => new Promise<void>((resolve) => waiting.push(resolve));
  desk.start();
  for (const name of ['second.test', 'third.test']) {
    const isRead = changed();
    here.install(authority.issue({ names: [name] }));
    t.mock.timers.tick(9_999);
    assert.notDeepEqual(desk.material.certificates[0]?.names, [name]);
    t.mock.timers.tick(1);
    await isRead;
    assert.deepEqual(desk.material.certificates[0]?.names, [name]);
    await setImmediate(); // the next look is set after this one
  }
  desk.stop();
});

test('senders get the certificates of [[tls]] tables, receivers do not, and what is wrong with them is told', async (t) => {
  const here = world(t);
  const client = authority.issue({ names: ['client.test'] });
  here.install(client, 'client');
  const rule = (domain: string) =>
    `[[tls]]\ndomain = ["${domain}"]\ncertificate = "client.pem"\nkey = "client.key"\n`;
  const desk = here.desk(rule('a.test') + rule('b.test'));
  const file = join(here.folder, 'client.pem');
  assert.deepEqual(desk.identities, { [file]: { chain: client.chain, key: client.key } });
  assert.equal(JSON.stringify(desk.material).includes(JSON.stringify(client.key)), false);
  const renewed = authority.issue({ names: ['client.test'], until: here.clock.nowMs + hourMs });
  here.install(renewed, 'client');
  await desk.look();
  assert.equal(desk.identities[file]?.key, renewed.key);
  assert.match(here.troubles.list[0]?.text ?? '', /client\.pem for client\.test expires on /u);
});

test('a renewed client certificate that the ciphers of its [[tls]] do not take is a trouble, and the one of before stays', async (t) => {
  const here = world(t);
  const strong = 'ALL:@SECLEVEL=3';
  const tls = `[[tls]]\nmx = ["mx.test"]\nlevel = "required"\ncertificate = "client.pem"\nkey = "client.key"\n`;
  const config = `${tls}ciphers = "${strong}"\n[[tls]]\nmx = ["other.test"]\nciphers = "ECDHE+AESGCM"\ncertificate = "client.pem"\nkey = "client.key"\n`;
  const long = authority.issue({ names: ['client.test'] });
  const short = authority.issue({ names: ['client.test'], keyType: 'rsa' });
  here.install(long, 'client');
  const desk = here.desk(config);
  const file = join(here.folder, 'client.pem');
  here.install(short, 'client');
  await desk.look();
  await desk.look();
  assert.match(
    here.troubles.list[0]?.text ?? '',
    /Using the certificate in .*client\.pem with ciphers = "ALL:@SECLEVEL=3": OpenSSL refuses it \(ee key too small\)/u,
  );
  assert.equal(desk.identities[file]?.key, long.key);
  assert.throws(() => desk.read(here.config(config)), { code: 'CERTIFICATE_REFUSED' });
  desk.use(desk.read(here.config(tls)));
  assert.equal(desk.identities[file]?.key, short.key);
});
