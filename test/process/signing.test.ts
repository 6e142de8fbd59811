// Mail that is signed on its way through Sluice, with all of its processes: who is signed for, over which bytes, and what happens when a key
// cannot be used.

import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { type Sluice, type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';
import type { MxMessage } from '../../sim/mx/mx.ts';
import { type Keys, recordOf, verifyMessage } from '../dkim/support.ts';
import { type Destination, destination, send } from '../interop/mail.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');
const published = {
  'r1._domainkey.example.com': recordOf(rsa.publicKey),
  'e1._domainkey.example.com': recordOf(ed.publicKey),
};

interface Place {
  readonly ground: Ground;
  readonly mx: Destination;
  readonly sluice: Sluice;
  readonly keys: string;
}

function writeKey(path: string, key: KeyObject, type: 'pkcs8' | 'pkcs1' = 'pkcs8'): void {
  writeFileSync(path, key.export({ format: 'pem', type }), { mode: 0o600 });
}

async function place(t: TestContext, config: SluiceConfig = {}): Promise<Place> {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const keys = ground.folder('keys');
  writeKey(join(keys, 'r1.pem'), rsa.privateKey, 'pkcs1');
  writeKey(join(keys, 'e1.pem'), ed.privateKey);
  const sluice = await startSluice(ground, {
    config: {
      receive: { relay_networks: ['127.0.0.0/8'] },
      signing_key: ['r1', 'e1'].map((name) => ({
        domain: ['example.com', '*.example.com'],
        file: join(keys, `${name}.pem`),
      })),
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      ...config,
    },
  });
  return { ground, mx, sluice, keys };
}

/** What the signatures of a message come to, as it came to the next server. */
function verified({ content }: MxMessage, more: Keys = {}): string[] {
  const message = Buffer.from(content.toString('latin1').replaceAll(/^\.\./gm, '.'), 'latin1');
  const { signatures } = verifyMessage(
    message,
    { ...published, ...more },
    { now: Math.floor(Date.now() / 1000) },
  );
  return signatures.map(({ result, selector, domain }) => `${selector} ${domain} ${result}`);
}

/** The first message of its log that fits. */
function lastReason(sluice: Sluice, pattern: RegExp): string | undefined {
  const found = sluice.events().find(({ msg }) => pattern.test(String(msg)));
  return found === undefined ? undefined : String(found['msg']);
}

const header = 'From: Joe <joe@example.com>\r\nTo: <b@far.test>\r\nSubject: x\r\n';
const bothPass = ['r1 example.com pass', 'e1 example.com pass'];
const mail = { from: 'joe@example.com', to: ['b@far.test'], content: `${header}\r\nHello\r\n` };

for (const single of [true, false])
  test(`mail of whoever may relay is signed by each key, ${single ? 'in one process' : 'in several processes'}`, async (t) => {
    const { mx, sluice } = await place(t, {
      processes: { single_process: single },
      receive: { relay_networks: ['127.0.0.0/8'], large_message: '64KiB' },
    });
    const bodies = [
      '',
      'Hello\r\n',
      '.\r\n..dots \t \r\n\r\n\r\n',
      `${'long line '.repeat(90)}\r\n`.repeat(300),
    ];
    for (const body of bodies) await send(sluice.port, { ...mail, content: `${header}\r\n${body}` });
    await mx.tally.arrived(bodies.length);
    for (const message of mx.messages) assert.deepEqual(verified(message), bothPass);
    for (const { signed } of await sluice.logged('received', bodies.length))
      assert.deepEqual(signed, ['r1._domainkey.example.com', 'e1._domainkey.example.com']);
  });

test('mail of another domain is not signed, and mail below the domain is signed as the domain', async (t) => {
  const { mx, sluice } = await place(t);
  const from = (address: string) => ({ ...mail, content: mail.content.replace('joe@example.com', address) });
  await send(sluice.port, from('joe@other.test'));
  await send(sluice.port, from('joe@news.example.com'));
  await send(sluice.port, { ...mail, content: 'Subject: x\r\n\r\nno author\r\n' });
  await mx.tally.arrived(3);
  // They go over several connections, so they may arrive in any order.
  const arrived = (text: string) => verified(mx.messages.find(({ content }) => content.includes(text))!);
  assert.deepEqual(arrived('joe@other.test'), []);
  assert.deepEqual(arrived('joe@news.example.com'), bothPass);
  assert.deepEqual(arrived('no author'), []);
  assert.deepEqual(
    (await sluice.logged('received', 3)).map(({ unsigned }) => unsigned),
    [undefined, undefined, undefined],
  );
});

test('a client that may not relay is not signed for, whatever its From field says', async (t) => {
  const { mx, sluice } = await place(t, { receive: { relay_networks: [], relay_domains: ['far.test'] } });
  await send(sluice.port, mail);
  await mx.tally.arrived(1);
  assert.deepEqual(verified(mx.messages[0]!), []);
  assert.deepEqual(
    (await sluice.logged('received')).map(({ signed }) => signed),
    [undefined],
  );
});

test('mail is refused for now while its key cannot be used, and signed once it can be, without a reload', async (t) => {
  const { mx, sluice, keys } = await place(t);
  const e1 = join(keys, 'e1.pem');
  chmodSync(e1, 0o644);
  assert.match((await send(sluice.port, mail)).at(-1)!, /^451 4\.7\.5 This message cannot be signed now/);
  await sluice.shows(
    /The key in .*e1\.pem, which signs mail, cannot be used: every user of this host may read it/,
    'status',
  );
  writeFileSync(e1, 'no key', { mode: 0o600 });
  chmodSync(e1, 0o600);
  await until('it is read again', async () => {
    await send(sluice.port, mail);
    return lastReason(sluice, /it has no private key in PEM form/);
  });
  writeKey(e1, ed.privateKey);
  await until('the key is read again', async () => (await send(sluice.port, mail)).at(-1)!.startsWith('250'));
  await mx.tally.arrived(1);
  assert.deepEqual(verified(mx.messages[0]!), bothPass);
  await until('the trouble is over', async () => !(await sluice.cli('status')).includes('which signs mail'));
});

test('where it may, mail goes without the signature of a key that cannot be used, and the log says so', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const missing = join(ground.directory, 'missing.pem');
  const sluice = await startSluice(ground, {
    config: {
      receive: { relay_networks: ['127.0.0.0/8'] },
      signing_key: [{ domain: ['example.com'], file: missing, when_unusable: 'unsigned' }],
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    },
  });
  await send(sluice.port, mail);
  await mx.tally.arrived(1);
  assert.deepEqual(verified(mx.messages[0]!), []);
  assert.match(
    String((await sluice.logged('received'))[0]!['unsigned']),
    /missing\.pem cannot be used: it does not exist/,
  );
  await sluice.shows(/goes out without its signature/, 'status');
});

test('reports of this host are signed with the key for its name', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const key = join(ground.directory, 'host.pem');
  writeKey(key, ed.privateKey);
  const sluice = await startSluice(ground, {
    config: {
      receive: { relay_networks: ['127.0.0.0/8'] },
      signing_key: [{ domain: ['sluice.test'], file: key }],
      route: [
        { domain: ['far.test'], error: '550 5.1.1 Nobody is here' },
        { relay: [`127.0.0.1:${mx.port}`] },
      ],
    },
  });
  await send(sluice.port, mail);
  await mx.tally.arrived(1);
  const report = mx.messages[0]!;
  assert.match(report.content.toString(), /^From: Mail Delivery System <MAILER-DAEMON@sluice\.test>/m);
  assert.deepEqual(verified(report, { 'host._domainkey.sluice.test': recordOf(ed.publicKey) }), [
    'host sluice.test pass',
  ]);
  assert.deepEqual(
    (await sluice.logged('received', 2)).map(({ signed }) => signed),
    [undefined, ['host._domainkey.sluice.test']],
  );
});

test('a reload changes who is signed for', async (t) => {
  const { mx, sluice, keys } = await place(t, { signing_key: [] });
  await send(sluice.port, mail);
  await mx.tally.arrived(1);
  sluice.configure({
    receive: { relay_networks: ['127.0.0.0/8'] },
    signing_key: [{ domain: ['example.com'], file: join(keys, 'r1.pem'), selector: 'r1', valid: '7d' }],
    route: [{ relay: [`127.0.0.1:${mx.port}`] }],
  });
  await sluice.cli('reload');
  // The keys process is only being started now.
  await until('mail is signed', async () => (await send(sluice.port, mail)).at(-1)!.startsWith('250'));
  await mx.tally.arrived(2);
  assert.deepEqual(
    mx.messages.map((message) => verified(message)),
    [[], ['r1 example.com pass']],
  );
});

test('mail that waited over a reload with other keys has the signatures that it was accepted with', async (t) => {
  const { mx, sluice, keys } = await place(t);
  const config = (port: number, key: string): SluiceConfig => ({
    receive: { relay_networks: ['127.0.0.0/8'] },
    signing_key: [{ domain: ['example.com'], file: join(keys, `${key}.pem`) }],
    route: [{ relay: [`127.0.0.1:${port}`] }],
    queue: { retry: ['1h'] },
  });
  sluice.configure(config(await freePort(), 'r1'));
  await sluice.cli('reload');
  await send(sluice.port, mail);
  await sluice.logged('deferred');
  writeKey(join(keys, 'r2.pem'), ed.privateKey);
  writeKey(join(keys, 'r1.pem'), generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
  sluice.configure(config(mx.port, 'r2'));
  await sluice.cli('reload');
  await sluice.cli('queue', 'retry', '--all');
  await mx.tally.arrived(1);
  await send(sluice.port, mail);
  await mx.tally.arrived(2);
  const more = { 'r2._domainkey.example.com': recordOf(ed.publicKey) };
  assert.deepEqual(
    mx.messages.map((message) => verified(message, more)),
    [['r1 example.com pass'], ['r2 example.com pass']],
  );
});

test('mail of sluice sendmail is signed, as that of a client that may relay', async (t) => {
  const { mx, sluice, ground } = await place(t);
  const input = 'From: joe@example.com\nTo: b@far.test\nBcc: c@far.test\n\nHello\n';
  await ground.run(process.execPath, [sluiceBin, 'sendmail', '-t'], {
    input,
    env: { ...process.env, SLUICE_CONFIG: sluice.configFile },
  });
  await until('it has arrived', () => mx.messages.length > 0);
  for (const message of mx.messages) {
    assert.deepEqual(verified(message), bothPass);
    assert.doesNotMatch(message.content.toString(), /^Bcc:/m);
  }
});

test('a message to recipients on several routes is signed with the keys of all of them', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const keys = ground.folder('keys');
  writeKey(join(keys, 'r1.pem'), rsa.privateKey);
  writeKey(join(keys, 'e1.pem'), ed.privateKey);
  const relay = [`127.0.0.1:${mx.port}`];
  const sluice = await startSluice(ground, {
    config: {
      processes: { single_process: true },
      receive: { relay_networks: ['127.0.0.0/8'] },
      signing_key: [
        { domain: ['example.com'], file: join(keys, 'r1.pem') },
        { domain: ['example.com'], file: join(keys, 'e1.pem'), route: ['partners'] },
      ],
      route: [{ name: 'partners', domain: ['partner.test'], relay }, { relay }],
    },
  });
  await send(sluice.port, mail);
  await send(sluice.port, { ...mail, to: ['b@partner.test'] });
  await send(sluice.port, { ...mail, to: ['b@partner.test', 'c@far.test'] });
  await mx.tally.arrived(4);
  const signed = (await sluice.logged('received', 3)).map((line) => line['signed']);
  const [r1, e1] = ['r1._domainkey.example.com', 'e1._domainkey.example.com'];
  assert.deepEqual(signed, [[r1], [e1], [r1, e1]]);
  for (const message of mx.messages) for (const each of verified(message)) assert.match(each, / pass$/);
});
