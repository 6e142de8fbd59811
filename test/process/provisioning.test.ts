// Domains with records, with Sluice as a program: new mail and mail that waits follow the table, by command and by hand, over restarts.

import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice, type Sluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { inspectSpool } from '../../src/spool/open.ts';
import { destination, send } from '../interop/mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';

function configOf(port: number): SluiceConfig {
  return {
    queues: { news: {}, parked: {} },
    provisioning: { table: 'domains' },
    table: [{ name: 'domains', kind: 'key-value', path: 'domains' }],
    route: [{ name: 'out', relay: [`127.0.0.1:${port}`] }],
  };
}

async function stored(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const finding of inspectSpool(folder))
    if (finding.kind === 'message') found.push(...finding.message.waiting.map(({ address }) => address));
  return found.toSorted();
}

/** The lines of `sluice queue list` about these recipients. */
async function line(sluice: Sluice, recipient: string): Promise<string> {
  const listed = await sluice.cli('queue', 'list', '--recipient', recipient);
  return listed.split('\n').find((each) => each.includes(recipient)) ?? '';
}

async function accepted(sluice: Sluice, ...to: string[]): Promise<void> {
  const replies = await send(sluice.port, { from: 'a@a.example', to, content });
  assert.match(replies.at(-1) ?? '', /^250/u, replies.join('\n'));
}

test('mail follows the states of its domain, also mail that waits, and also over a restart', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const directory = ground.folder('provisioning');
  writeFileSync(join(directory, 'domains'), '# ours\nsleepy.test state=dormant\ngone.test state=discard\n');
  const sluice = await startSluice(ground, { directory, config: configOf(mx.port) });
  await accepted(sluice, 'one@sleepy.test', 'two@gone.test', 'three@awake.test');
  await until('the awake one has arrived', () => mx.messages.length === 1);
  await until('the sleepy one is held', async () =>
    (await line(sluice, 'one@sleepy.test')).includes('the domain is dormant'),
  );
  assert.equal(await line(sluice, 'two@gone.test'), '');
  await until('what is discarded is told', () =>
    sluice.events().some(({ event, to }) => event === 'discarded' && String(to) === 'two@gone.test'),
  );
  await accepted(sluice, 'four@gone.test');

  // It moves with its domain.
  await sluice.cli('provision', 'set', 'sleepy.test', 'queue=news');
  await until('it has moved', async () =>
    (await sluice.cli('queue', 'list', '--queue', 'news')).includes('one@sleepy.test'),
  );
  assert.match(await sluice.cli('provision', 'list'), /^sleepy\.test: state=dormant queue=news$/mu);
  await accepted(sluice, 'five@sleepy.test');
  assert.equal(await sluice.program.stop('SIGTERM'), 0);
  assert.deepEqual(await stored(join(directory, 'queues/news')), ['five@sleepy.test', 'one@sleepy.test']);
  assert.deepEqual(await stored(join(directory, 'spool')), []);

  // While Sluice is stopped, its queue is another one.
  await sluice.cli('provision', 'set', 'sleepy.test', 'queue=parked');
  const again = await startSluice(ground, { directory, config: configOf(mx.port) });
  await until('it has moved on', async () => {
    const listed = await again.cli('queue', 'list', '--queue', 'parked');
    return listed.includes('one@sleepy.test') && listed.includes('five@sleepy.test');
  });
  assert.match(await line(again, 'one@sleepy.test'), /the domain is dormant/u);
  assert.equal(mx.messages.length, 1);
  await again.cli('provision', 'unset', 'sleepy.test', 'state');
  await until('both have woken up', () => mx.messages.length === 3);
});

test('a redirected domain gets its mail elsewhere, and tapped mail is copied', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const directory = ground.folder('provisioning');
  writeFileSync(
    join(directory, 'domains'),
    'old.test redirect=@new.test\nall.test redirect=ops@new.test\nseen.test taps=archive@new.test\nfar.test redirect=@parked.test\nparked.test queue=parked state=dormant\n*.held.test state=hold\n',
  );
  const sluice = await startSluice(ground, { directory, config: configOf(mx.port) });
  await accepted(sluice, 'one@old.test', 'two@all.test', 'three@seen.test', 'four@sub.held.test');
  const arrived = () => mx.messages.flatMap(({ recipients }) => recipients).toSorted();
  await until('they have arrived', () => arrived().length === 4);
  assert.deepEqual(arrived(), ['archive@new.test', 'one@new.test', 'ops@new.test', 'three@seen.test']);
  await until('the held one waits', async () =>
    (await line(sluice, 'four@sub.held.test')).includes('the domain has state=hold'),
  );
  // It is kept where the record of the domain says to which it goes.
  await accepted(sluice, 'six@far.test');
  await until('it waits where mail of that domain does', async () =>
    (await sluice.cli('queue', 'list', '--queue', 'parked')).includes('six@parked.test'),
  );
  // What waits takes the new state, too.
  await sluice.cli('provision', 'set', 'sub.held.test', 'redirect=five@new.test');
  await until('it has gone elsewhere', () => arrived().includes('five@new.test'));
});

test('mail that waits is discarded when its domain is', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const directory = ground.folder('provisioning');
  writeFileSync(join(directory, 'domains'), 'held.test state=hold\n');
  const sluice = await startSluice(ground, { directory, config: configOf(mx.port) });
  await accepted(sluice, 'one@held.test', 'two@fine.test');
  await until(
    'one waits, and the other has arrived',
    async () => mx.messages.length === 1 && (await line(sluice, 'one@held.test')).includes('state=hold'),
  );
  await sluice.cli('provision', 'set', 'held.test', 'state=discard');
  await until('it is gone', () =>
    sluice.events().some(({ event, to }) => event === 'delivered' && to === 'one@held.test'),
  );
  assert.equal(await sluice.program.stop('SIGTERM'), 0);
  assert.deepEqual(await stored(join(directory, 'spool')), []);
  assert.equal(mx.messages.length, 1);
});

test('records that cannot be used, and a table that cannot be read, make mail wait', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const directory = ground.folder('provisioning');
  const path = join(directory, 'domains');
  writeFileSync(path, 'later.test state=dormant\n');
  const sluice = await startSluice(ground, { directory, config: configOf(mx.port) });
  await accepted(sluice, 'one@later.test');
  writeFileSync(`${path}.new`, 'later.test state=asleep\nother.test queue=nosuch\n');
  renameSync(`${path}.new`, path);
  await until('it is told', async () => /asleep/u.test(await sluice.cli('status')));
  const replies = await send(sluice.port, { from: 'a@a.example', to: ['b@other.test'], content });
  assert.match(replies.join('\n'), /^451 4\.3\.5 /mu);
  await accepted(sluice, 'c@fine.test');
  await until('others are not concerned', () => mx.messages.length === 1);
  assert.match(await line(sluice, 'one@later.test'), /one@later\.test/u);
  await sluice.cli('provision', 'unset', 'other.test');
  await assert.rejects(sluice.cli('provision', 'set', 'later.test', 'queue=news'), /asleep/u);
  await sluice.cli('provision', 'unset', 'later.test');
  await until('its attempt is delivered in the end', async () => {
    await sluice.cli('queue', 'retry', '--all');
    return mx.messages.length === 2;
  });
  await until('nothing is told any more', async () => !/asleep/u.test(await sluice.cli('status')));
});

test('a table of SQLite says it as a file does, and a change of it reaches mail that waits', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const directory = ground.folder('provisioning');
  const path = join(directory, 'domains.db');
  using database = new DatabaseSync(path);
  database.exec('CREATE TABLE domains (name TEXT PRIMARY KEY, record TEXT)');
  database.exec("INSERT INTO domains VALUES ('sql.test', 'state=dormant queue=news')");
  const query = 'SELECT record FROM domains WHERE name = ?';
  const table = [{ name: 'domains', kind: 'sqlite', path, query, cache_time: '0s' }];
  const sluice = await startSluice(ground, { directory, config: { ...configOf(mx.port), table } });
  await accepted(sluice, 'one@sql.test');
  await until('it waits', async () => (await line(sluice, 'one@sql.test')).includes('the domain is dormant'));
  assert.match(await sluice.cli('queue', 'list', '--queue', 'news'), /one@sql\.test/u);
  database.exec("UPDATE domains SET record = 'state=active'");
  await until('it has arrived', () => mx.messages.length === 1);
});

test('while the file of a SQLite table is away, its domains wait, new mail and old', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const directory = ground.folder('provisioning');
  const path = join(directory, 'domains.db');
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE domains (name TEXT PRIMARY KEY, record TEXT)');
  database.exec("INSERT INTO domains VALUES ('sql.test', 'state=dormant')");
  database.close();
  const query = 'SELECT record FROM domains WHERE name = ?';
  const table = [{ name: 'domains', kind: 'sqlite', path, query, cache_time: '0s' }];
  const sluice = await startSluice(ground, { directory, config: { ...configOf(mx.port), table } });
  const replyFor = async (to: string): Promise<string> =>
    (await send(sluice.port, { from: 'a@a.example', to: [to], content })).join('\n');
  await accepted(sluice, 'one@sql.test');
  renameSync(path, `${path}.away`);
  await until('receivers notice', async () => /^451 4\.3\.0 /mu.test(await replyFor('two@sql.test')));
  await sluice.cli('queue', 'retry', '--all');
  assert.match(await line(sluice, 'one@sql.test'), /one@sql\.test/u);
  assert.equal(mx.messages.length, 0);
  renameSync(`${path}.away`, path);
  await until('it is there again', async () =>
    ((await replyFor('x@fine.test')).split('\n').at(-1) ?? '').startsWith('250 '),
  );
  await until('the sleepy one still sleeps', async () => {
    await sluice.cli('queue', 'retry', '--all');
    return (await line(sluice, 'one@sql.test')).includes('the domain is dormant');
  });
});

test('a domain takes no more mail than its quota says, also after a restart, and others do', async (t) => {
  const ground = Ground.of(t);
  const directory = ground.folder('provisioning');
  writeFileSync(join(directory, 'domains'), 'full.test state=dormant\n');
  const config = { ...configOf(9), processes: { receivers: 2 }, deliver: { max_connections: 0 } };
  const sluice = await startSluice(ground, { directory, config });
  const replyTo = async (port: number, to: string): Promise<string> => {
    const replies = await send(port, { from: 'a@a.example', to: [to], content });
    return replies.find((reply) => /^[45]/u.test(reply)) ?? replies.at(-1) ?? '';
  };
  const full = '452 4.3.1 Too much mail for this domain waits here already, try again later';
  await accepted(sluice, 'one@full.test');
  await accepted(sluice, 'two@FULL.test');
  await sluice.cli('provision', 'set', 'full.test', 'quota_messages=2');
  await until('it is full', async () => (await replyTo(sluice.port, 'three@full.test')) === full);
  assert.match(await replyTo(sluice.port, 'four@other.test'), /^250 /u);
  assert.match(await sluice.cli('status'), /As much mail waits for full\.test as the quota/u);
  assert.equal(await sluice.program.stop('SIGTERM'), 0);

  const again = await startSluice(ground, { directory, config });
  await until('it is full again', async () => (await replyTo(again.port, 'five@Full.test')) === full);
  // All: until receivers were told that it is full, more than the quota was taken.
  await again.cli('queue', 'remove', '--domain', 'full.test');
  await until('there is room', async () => (await replyTo(again.port, 'six@full.test')).startsWith('250 '));
});
