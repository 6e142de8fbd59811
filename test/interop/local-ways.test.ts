// Programs and archives of a running Sluice beside mail that leaves it: their limits are their own, and a tap fills an archive.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';

const content = 'Subject: x\r\n\r\nFrom here on\r\n';
/** Root runs no program as itself. */
const as = process.getuid?.() === 0 ? { as: 'nobody' } : {};

async function handIn(sluice: Sluice, ...to: readonly string[]): Promise<void> {
  assert.match((await send(sluice.port, { from: 'a@client.test', to, content })).at(-1) ?? '', /^250/u);
}

test('programs have limits of their own, and neither they nor mail that leaves hold each other up', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const folder = ground.folder('programs');
  chmodSync(folder, 0o777);
  const [started, go] = ['started', 'go'].map((name) => join(folder, name));
  // It runs until the test lets it go on.
  const pipe = [
    '/bin/sh',
    '-c',
    'echo "$1" >> "$2"; until [ -e "$3" ]; do sleep 0.05; done',
    'sh',
    '${recipient}',
    started!,
    go!,
  ];
  const sluice = await startSluice(ground, {
    config: {
      deliver: { max_connections: 1, max_local: 3 },
      limit: [{ per: 'domain', connections: 1 }],
      route: [
        { name: 'two', domain: ['two.test'], pipe, at_once: 2, ...as },
        { name: 'many', domain: ['many.test'], pipe, ...as },
        { relay: [`127.0.0.1:${mx.port}`] },
      ],
    },
  });
  const runs = (domain: string): number =>
    (existsSync(started!) ? readFileSync(started!, 'utf8') : '')
      .split('\n')
      .filter((line) => line.endsWith(domain)).length;
  for (let each = 0; each < 4; each++) await handIn(sluice, `${each}@two.test`);
  await until(
    'two run at once, though one connection is allowed in all and per domain',
    () => runs('two.test') === 2,
  );
  for (let each = 0; each < 2; each++) await handIn(sluice, `${each}@many.test`);
  await until('one of the other route runs', () => runs('many.test') === 1);
  const [two, many] = await Promise.all([
    sluice.cli('explain', 'x@two.test'),
    sluice.cli('explain', 'x@many.test'),
  ]);
  assert.match(two, /at_once of two/u);
  assert.match(many, /limit local \(3\) is full/u);
  // All of them run still, and other mail goes.
  await handIn(sluice, 'x@far.test', 'y@other.test');
  await until('mail that leaves has arrived', () => mx.messages.length >= 1);
  assert.deepEqual([runs('two.test'), runs('many.test')], [2, 1]);
  const delivered = await sluice.logged('delivered', 2);
  assert.deepEqual(delivered.map(({ to }) => to).toSorted(), ['x@far.test', 'y@other.test']);

  writeFileSync(go!, '');
  await sluice.logged('delivered', 8);
  assert.deepEqual([runs('two.test'), runs('many.test')], [4, 2]);
});

test('programs run while all connections are in use', async (t) => {
  const ground = Ground.of(t);
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  let isReached = false;
  const mx = await destination(ground, {
    personality: ({ stage }) => {
      if (stage !== 'message') return undefined;
      isReached = true;
      return { after: answered, delayMs: 0 };
    },
  });
  ground.atEnd(() => answer());
  const sluice = await startSluice(ground, {
    config: {
      deliver: { max_connections: 1, max_unanswered: 0 },
      route: [
        { name: 'p', domain: ['p.test'], pipe: ['/bin/true'], ...as },
        { relay: [`127.0.0.1:${mx.port}`] },
      ],
    },
  });
  await handIn(sluice, 'x@far.test');
  await until('the only connection is in use', () => isReached);
  await handIn(sluice, 'x@p.test');
  const delivered = () =>
    sluice
      .events()
      .filter(({ event }) => event === 'delivered')
      .map(({ to }) => to);
  await until('the program has run', () => delivered().length > 0);
  assert.deepEqual(delivered(), ['x@p.test']);
  answer();
  await until('the other mail is delivered, too', () => delivered().length === 2);
});

test('a tap keeps what comes in an archive, with its envelope, once', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const file = join(ground.folder('archive'), 'all.mbox');
  const sluice = await startSluice(ground, {
    config: {
      route: [
        { name: 'archive', domain: ['archive.invalid'], archive: { file } },
        { relay: [`127.0.0.1:${mx.port}`] },
      ],
      tap: [{ name: 'all', match: '.', copy_to: 'archive@archive.invalid', route: 'archive' }],
    },
  });
  await handIn(sluice, 'b@far.test', 'hidden@far.test');
  await sluice.logged('delivered', 3);
  const kept = readFileSync(file, 'utf8');
  assert.equal(kept.match(/^From /gmu)?.length, 1);
  assert.match(kept, /^>From here on$/mu);
  assert.match(kept, /^Return-Path: <a@client\.test>$/mu);
  for (const each of ['b@far.test', 'hidden@far.test'])
    assert.ok(kept.includes(`Delivered-To: ${each}`), kept);
  assert.match(kept, /^X-Queue-ID: [0-9A-Z]{15}$/mu);
  assert.deepEqual(mx.messages.flatMap(({ recipients }) => recipients).toSorted(), [
    'b@far.test',
    'hidden@far.test',
  ]);
});
