// A content filter behind the queue, with a running Sluice: mail goes to it, comes back, and is signed, copied and counted once.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMx } from '../../sim/mx/mx.ts';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { recordOf, resultsOf } from '../dkim/support.ts';
import { type Destination, destination, send } from './mail.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const published = { 'one._domainkey.example.com': recordOf(publicKey) };
const content =
  'From: joe@example.com\r\nDate: Fri, 10 Mar 2023 23:29:35 +0000\r\nMessage-ID: <one@example.com>\r\nSubject: x\r\n\r\nHello\r\n';
const mail = { from: 'joe@example.com', to: ['b@far.test', 'c@far.test'], content };

interface Place {
  readonly sluice: Sluice;
  readonly mx: Destination;
  readonly archive: Destination;
  readonly back: number;
  /** How many messages the filter has had. */
  seen(): number;
}

/** A filter that hands on what it has changed. */
async function place(
  ground: Ground,
  stage: Record<string, unknown>,
  fromFilter: string,
  change: (text: string) => string,
): Promise<Place> {
  const [mx, archive, back, port] = [
    await destination(ground),
    await destination(ground),
    await freePort(),
    await freePort(),
  ];
  let seen = 0;
  const filter = await startMx({
    address: '127.0.0.1',
    port: 0,
    onMessage: ({ sender, recipients, content: bytes }) => {
      seen++;
      void send(back, { from: sender, to: recipients, content: change(bytes.toString('latin1')) });
    },
  });
  ground.atEnd(() => filter.close());
  const file = join(ground.folder('keys'), 'one.pem');
  writeFileSync(file, String(privateKey.export({ format: 'pem', type: 'pkcs8' })));
  chmodSync(file, 0o600);
  const sluice = await startSluice(ground, {
    port,
    config: {
      listen: [{ address: `127.0.0.1:${port}` }, { address: `127.0.0.1:${back}`, from_filter: fromFilter }],
      stage: [{ name: 'filter', kind: 'content-filter', route: 'scan', ...stage }],
      tap: [{ name: 'archive', match: '^joe@', copy_to: 'copies@far.test', route: 'archive' }],
      signing_key: [{ domain: ['example.com'], selector: 'one', file }],
      sending_limit: [{ by: 'client', messages: ['2/day'] }],
      route: [
        { name: 'scan', domain: ['scan.invalid'], relay: [`127.0.0.1:${filter.port}`] },
        { name: 'archive', domain: ['archive.invalid'], relay: [`127.0.0.1:${archive.port}`] },
        { relay: [`127.0.0.1:${mx.port}`] },
      ],
    },
  });
  return { sluice, mx, archive, back, seen: () => seen };
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000) + 1;
const signaturesIn = (text: string): number => text.split('DKIM-Signature:').length - 1;

test('mail goes to the filter and comes back: it is signed, copied and counted once', async (t) => {
  const ground = Ground.of(t);
  const { sluice, mx, archive, seen } = await place(ground, {}, 'any', (text) => `X-Scanned: yes\r\n${text}`);
  for (let count = 1; count <= 2; count++) {
    assert.match((await send(sluice.port, mail)).at(-1) ?? '', /^250 /);
    await until('it has arrived', () => mx.messages.length === count && archive.messages.length === count);
  }
  // Each for three recipients of the filter and the archive, and for two when it is back.
  await sluice.logged('delivered', 10);
  assert.equal(sluice.events().filter(({ event }) => event === 'copied').length, 2);
  // Of two messages in a day, both have arrived: on their way back they are not counted once more.
  assert.match((await send(sluice.port, mail)).join('\n'), /^4/mu);
  const [arrived] = mx.messages;
  assert.deepEqual(arrived?.recipients, ['b@far.test', 'c@far.test']);
  const text = arrived?.content.toString('latin1') ?? '';
  assert.match(text, /\r\nX-Scanned: yes\r\n/);
  assert.equal(signaturesIn(text), 1);
  assert.deepEqual(resultsOf(arrived?.content ?? '', published, nowSeconds()), ['pass']);
  assert.equal(seen(), 2);
  assert.equal(archive.messages.length, 2);
  assert.equal(signaturesIn(archive.messages[0]?.content.toString('latin1') ?? ''), 1);
});

test("mail for the domain of the filter's route goes to the filter once, and does not go round", async (t) => {
  const ground = Ground.of(t);
  const { sluice, mx, seen } = await place(ground, {}, 'any', (text) => text);
  assert.match((await send(sluice.port, { ...mail, to: ['x@scan.invalid'] })).at(-1) ?? '', /^250 /);
  await until('it has arrived', () => mx.messages.length === 1);
  assert.deepEqual(mx.messages[0]?.recipients, ['x@scan.invalid']);
  assert.equal(seen(), 1);
});

test('mail of programs of this host goes to the filter, too', async (t) => {
  const ground = Ground.of(t);
  const { sluice, mx, seen } = await place(ground, {}, 'any', (text) => `X-Scanned: yes\r\n${text}`);
  await ground.run(process.execPath, [sluiceBin, 'sendmail', '-f', mail.from, 'b@far.test'], {
    env: { ...process.env, SLUICE_CONFIG: sluice.configFile },
    input: 'Subject: backup\n\ndone\n',
  });
  await until('it has arrived', () => mx.messages.length === 1);
  assert.match(mx.messages[0]?.content.toString('latin1') ?? '', /\r\nX-Scanned: yes\r\n/);
  assert.equal(seen(), 1);
});

test('mail of a filter that changes the body is signed when it is back, and the signature holds', async (t) => {
  const ground = Ground.of(t);
  const { sluice, mx, seen } = await place(ground, { sign: 'after' }, 'outgoing', (text) =>
    text.replace('Hello', 'Hello, scanned'),
  );
  assert.match((await send(sluice.port, mail)).at(-1) ?? '', /^250 /);
  await until('it has arrived', () => mx.messages.length === 1);
  const [arrived] = mx.messages;
  const text = arrived?.content.toString('latin1') ?? '';
  assert.match(text, /\r\nHello, scanned\r\n/);
  assert.equal(signaturesIn(text), 1);
  assert.deepEqual(resultsOf(arrived?.content ?? '', published, nowSeconds()), ['pass']);
  assert.equal(seen(), 1);
});

test('whoever may not relay at the listener of the filter may not connect to it', async (t) => {
  const ground = Ground.of(t);
  const [port, back] = [await freePort(), await freePort()];
  await startSluice(ground, {
    port,
    config: {
      receive: { relay_domains: ['far.test'] },
      listen: [
        { address: `127.0.0.1:${port}` },
        { address: `127.0.0.1:${back}`, from_filter: 'any', relay_networks: ['192.0.2.1'] },
      ],
      route: [{ discard: true }],
    },
  });
  const client = connect(back, '127.0.0.1');
  client.setEncoding('latin1');
  let said = '';
  for await (const piece of client) said += String(piece);
  assert.match(said, /^554 5\.7\.1 Only filters of this server may connect here\r\n$/);
});
