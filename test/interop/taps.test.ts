// Taps with a running Sluice: copies reach the archive with the empty sender, also after a crash, and an archive that fails bothers nobody.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { refuses } from '../../sim/mx/personality.ts';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { recordOf, resultsOf } from '../dkim/support.ts';
import { destination, send } from './mail.ts';

const content = 'Subject: x\r\nMessage-ID: <one@client.test>\r\n\r\nHello\r\n';
const mail = { from: 'joe@client.test', to: ['b@far.test', 'c@far.test'], content };

function config(ground: Ground, port: number) {
  const file = join(ground.folder('taps'), 'taps');
  writeFileSync(file, 'F:^joe@:archive@far.test\n');
  return { tap: [{ name: 'archive', file }], route: [{ relay: [`127.0.0.1:${port}`] }] };
}

test('the copy is a message of its own for the archive, which recipients do not see', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const sluice = await startSluice(ground, { config: config(ground, mx.port) });
  assert.match((await send(sluice.port, mail)).at(-1) ?? '', /^250 /);
  await until('both have arrived', () => mx.messages.length === 2);
  const [ofArchive, ofOthers] = mx.messages.toSorted((a, b) => a.sender.length - b.sender.length);
  assert.deepEqual([ofArchive?.sender, ofArchive?.recipients], ['', ['archive@far.test']]);
  assert.deepEqual(
    [ofOthers?.sender, ofOthers?.recipients],
    ['joe@client.test', ['b@far.test', 'c@far.test']],
  );
  assert.deepEqual(ofArchive?.content, ofOthers?.content);
  const [copied] = await sluice.logged('copied');
  assert.equal(copied?.['to'], 'archive@far.test');
  assert.equal(copied?.['tap'], 'archive, line 1: F:^joe@:archive@far.test');
});

test('a copy that waited over a crash is a copy still', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const first = await startSluice(ground, { config: config(ground, await freePort()) });
  await send(first.port, mail);
  await first.logged('deferred', 3);
  for (const pid of first.pids()) process.kill(pid, 'SIGKILL');
  await until('it has ended', () => !first.program.isRunning);
  const { directory } = first;
  const next = await startSluice(ground, { directory, config: config(ground, mx.port) });
  await next.cli('queue', 'retry', '--all');
  await until('both have arrived', () => mx.messages.length === 2);
  assert.deepEqual(mx.messages.map(({ sender }) => sender).toSorted(), ['', 'joe@client.test']);
});

test('an archive that refuses its copy is an alarm, and no bounce', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground, {
    personality: refuses(/^archive@/, '550 5.2.1 The archive is closed'),
  });
  const sluice = await startSluice(ground, { config: config(ground, mx.port) });
  await send(sluice.port, mail);
  await sluice.logged('copyFailed');
  await until('the mail has arrived', () => mx.messages.length === 1);
  await sluice.shows(
    /copy for archives could not be delivered, the last to <archive@far\.test>: 550/u,
    'status',
  );
  assert.ok(!(await sluice.whole()).some(({ event }) => event === 'bounced' || event === 'dropped'));
  assert.deepEqual(
    mx.messages.map(({ sender }) => sender),
    ['joe@client.test'],
  );
});

test('mail that is signed verifies, and so does its copy, which goes by the route of its tap', async (t) => {
  const ground = Ground.of(t);
  const [mx, archive] = await Promise.all([destination(ground), destination(ground)]);
  const key = generateKeyPairSync('ed25519');
  const file = join(ground.directory, 's.pem');
  writeFileSync(file, String(key.privateKey.export({ format: 'pem', type: 'pkcs8' })));
  chmodSync(file, 0o600);
  const sluice = await startSluice(ground, {
    config: {
      receive: { relay_networks: ['127.0.0.0/8'] },
      signing_key: [{ domain: ['example.com'], file }],
      tap: [{ name: 'archive', match: '^joe@', copy_to: 'copies@far.test', route: 'archive' }],
      route: [
        { name: 'archive', domain: ['archive.invalid'], relay: [`127.0.0.1:${archive.port}`] },
        { relay: [`127.0.0.1:${mx.port}`] },
      ],
    },
  });
  const signed = { ...mail, from: 'joe@example.com', content: `From: joe@example.com\r\n${content}` };
  assert.match((await send(sluice.port, signed)).at(-1) ?? '', /^250 /);
  await until('both have arrived', () => mx.messages.length === 1 && archive.messages.length === 1);
  const [original, copy] = [mx.messages[0], archive.messages[0]];
  assert.ok(original !== undefined && copy !== undefined);
  assert.deepEqual([copy.sender, copy.recipients], ['', ['copies@far.test']]);
  assert.deepEqual(original.recipients, signed.to);
  const keys = { 's._domainkey.example.com': recordOf(key.publicKey) };
  const now = Math.floor(Date.now() / 1000);
  for (const { content: text } of [original, copy]) assert.deepEqual(resultsOf(text, keys, now), ['pass']);
});

test('each change of taps has one line in the log, without mail and over all receivers', async (t) => {
  const ground = Ground.of(t);
  const file = join(ground.folder('taps'), 'taps');
  writeFileSync(file, 'F:^joe@:archive@far.test\n');
  const before = {
    tap: [{ name: 'archive', file }],
    processes: { receivers: 2 },
  };
  const sluice = await startSluice(ground, { config: before });
  const changes = () =>
    sluice
      .events()
      .filter(({ event }) => event === 'tapsChanged')
      .map(({ how, tap, lines, added, removed }) => ({ how, tap, lines, added, removed }));
  await until('both are in the log', () => changes().length === 2);
  assert.deepEqual(
    changes().map(({ how, tap, lines }) => [how, tap, lines]),
    [
      ['start', 'archive', undefined],
      ['start', undefined, 1],
    ],
  );
  writeFileSync(file, 'F:^joe@:archive@far.test\nT:^ann@:archive@far.test\n');
  await until('the change is in the log', () => changes().length === 3);
  const { how, lines, added, removed } = changes()[2] ?? {};
  assert.deepEqual([how, lines, added, removed], ['file', 2, ['T:^ann@:archive@far.test'], undefined]);
  sluice.configure({ ...before, tap: [] });
  await sluice.cli('reload');
  await until('the reload is in the log', () => changes().length === 4);
  assert.deepEqual([changes()[3]?.how, changes()[3]?.tap], ['reload', 'archive']);
});
