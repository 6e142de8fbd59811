// What a running Sluice makes of mail that is damaged on its disk: it is never delivered and never bounces at once; the
// operator sees it, and can repair it, give it up, or take it out.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice, type Sluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { controlRequest } from '../../src/control/control-client.ts';
import type { JobReport, QueueAction } from '../../src/control/operations/queue-change.ts';
import type { Status } from '../../src/control/operations/status.ts';
import type { QueueFilter, QueueRow } from '../../src/control/queue-row.ts';
import { destination, send } from '../interop/mail.ts';

async function rows(sluice: Sluice, filter: QueueFilter = {}): Promise<QueueRow[]> {
  const found: QueueRow[] = [];
  const socket = `${sluice.directory}/control.sock`;
  for await (const row of controlRequest(socket, { operation: 'queue-list', filter, limit: 0 }))
    found.push(row);
  return found;
}

const change = (sluice: Sluice, action: QueueAction, filter: QueueFilter): Promise<number> =>
  sluice.ask<JobReport>({ operation: 'queue.change', action, filter }).then(({ recipients }) => recipients);

/** Three messages that wait in a spool whose Sluice is stopped; they would go to `mx` at its next start. */
async function stopped(ground: Ground) {
  const mx = await destination(ground);
  const waits: SluiceConfig = {
    processes: { single_process: true },
    deliver: { max_connections: 0 },
    route: [{ relay: [`127.0.0.1:${mx.port}`] }],
  };
  const first = await startSluice(ground, { config: waits });
  await first.program.line(/is running as/u);
  for (const name of ['one', 'two', 'three']) {
    const replies = await send(first.port, {
      from: 'anna@client.test',
      to: [`${name}@there.test`],
      content: `Message-ID: <${name}@client.test>\r\nSubject: ${name}\r\n\r\nThis is message ${name}.\r\n`,
    });
    assert.match(replies.at(-1) ?? '', /^250/u);
  }
  assert.equal(await first.program.stop('SIGTERM'), 0);
  const start = async (deliver = { max_connections: 10 }): Promise<Sluice> => {
    const config: SluiceConfig = { ...waits, deliver };
    const sluice = await startSluice(ground, { config, directory: first.directory });
    await sluice.program.line(/is running as/u);
    return sluice;
  };
  return { mx, start, segment: segmentWith(first.spool, 'This is message two') };
}

/** The segment file with a text in it. */
function segmentWith(spool: string, text: string): string {
  const folder = join(spool, 'segments');
  const names = readdirSync(folder).filter((name) => !name.endsWith('.index'));
  const found = names.find((name) => readFileSync(join(folder, name)).includes(text));
  assert.ok(found !== undefined);
  return join(folder, found);
}

function replace(path: string, from: string, to: string): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf(from);
  assert.ok(at !== -1 && from.length === to.length);
  bytes.write(to, at);
  writeFileSync(path, bytes);
}

suite('damaged mail', { concurrency: 2 }, () => {
  test('damaged content is not delivered: the message is shown as damaged, and goes when it was repaired', async (t) => {
    const ground = Ground.of(t);
    const { mx, segment, start } = await stopped(ground);
    replace(segment, 'This is message two', 'This is massage two');
    let sluice = await start();
    await mx.tally.arrived(2);
    const damaged = () => rows(sluice, { state: 'damaged' });
    await until('it is found', async () => (await damaged()).length === 1);
    const [row] = await damaged();
    assert.equal(row?.recipient, 'two@there.test');
    assert.match(row?.lastError ?? '', /^451 4\.3\.0 the stored message is damaged: .*checksum/u);
    assert.deepEqual(await rows(sluice, { state: 'held' }), []);
    const status = await sluice.ask<Status>({ operation: 'status' });
    assert.equal(status.spool.damagedMessages, 1);
    assert.deepEqual(
      status.troubles.map(({ key, level }) => [key, level]),
      [['damage:mail', 'critical']],
    );
    // A restart knows it without another attempt.
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
    sluice = await start();
    assert.equal((await damaged()).length, 1);
    replace(segment, 'This is massage two', 'This is message two');
    assert.equal(await change(sluice, 'release', { ids: [row?.queueId ?? ''] }), 1);
    await mx.tally.arrived(3);
    await until('nothing waits', async () => (await rows(sluice)).length === 0);
    assert.ok(mx.messages.every(({ content }) => !content.includes('massage')));
  });

  test('a damaged message that is given up is reported to its sender, without its content', async (t) => {
    const ground = Ground.of(t);
    const { mx, segment, start } = await stopped(ground);
    replace(segment, 'This is message two', 'This is massage two');
    const sluice = await start();
    await mx.tally.arrived(2);
    await until('it is found', async () => (await rows(sluice, { state: 'damaged' })).length === 1);
    assert.equal(await change(sluice, 'bounce', { state: 'damaged' }), 1);
    await mx.tally.arrived(3);
    const report = mx.messages.find(({ recipients }) => recipients.includes('anna@client.test'));
    assert.match(report?.content.toString() ?? '', /two@there\.test[^]*554 5\.3\.0 .*damaged/u);
    assert.doesNotMatch(report?.content.toString() ?? '', /massage/u);
    await until('nothing waits', async () => (await rows(sluice)).length === 0);
    await until('no trouble is left', async () => {
      const { troubles } = await sluice.ask<Status>({ operation: 'status' });
      return troubles.every(({ key }) => key !== 'damage:mail');
    });
  });

  test('a damaged envelope costs nothing while the index has it', async (t) => {
    const ground = Ground.of(t);
    const { mx, segment, start } = await stopped(ground);
    replace(segment, 'two@there.test', 'tvo@there.test');
    await start();
    await mx.tally.arrived(3);
    assert.ok(mx.messages.some(({ recipients }) => recipients.includes('two@there.test')));
  });

  test('messages of a segment that is gone are listed with what is known, and can be taken out', async (t) => {
    const ground = Ground.of(t);
    const { mx, segment, start } = await stopped(ground);
    rmSync(segment);
    const sluice = await start();
    const found = await rows(sluice);
    assert.deepEqual(
      found.map(({ recipient, sender, state }) => [recipient, sender, state]),
      ['one', 'two', 'three'].map((name) => [`${name}@there.test`, 'anna@client.test', 'damaged']),
    );
    assert.equal(await change(sluice, 'remove', { recipient: 'two@*' }), 1);
    assert.equal(await change(sluice, 'bounce', { ids: [found[0]?.queueId ?? ''] }), 1);
    await mx.tally.arrived(1);
    assert.deepEqual(mx.messages[0]?.recipients, ['anna@client.test']);
    assert.equal((await rows(sluice, { state: 'damaged' })).length, 1);
    assert.equal((await sluice.ask<Status>({ operation: 'status' })).spool.damagedMessages, 1);
  });

  test('what is held is listed as damaged and can be taken out when all its files vanish after a restart', async (t) => {
    const ground = Ground.of(t);
    const { mx, segment, start } = await stopped(ground);
    const first = await start({ max_connections: 0 });
    assert.equal(await change(first, 'hold', { recipient: 'two@*' }), 1);
    assert.equal(await first.program.stop('SIGTERM'), 0);
    // From now on nobody has the files open.
    const sluice = await start({ max_connections: 0 });
    rmSync(segment);
    rmSync(`${segment}.index`, { force: true });
    const found = await rows(sluice);
    assert.deepEqual(
      found.map(({ recipient, sender, state }) => [recipient, sender, state]),
      Array.from({ length: 3 }, () => ['?@there.test', '?', 'damaged']),
    );
    const status = await sluice.ask<Status>({ operation: 'status' });
    assert.equal(status.messages, 3);
    await until('it is a trouble', async () => {
      const { troubles } = await sluice.ask<Status>({ operation: 'status' });
      return troubles.some(({ key, text }) => key === 'damage:mail' && text.startsWith('3 messages'));
    });
    assert.equal(await change(sluice, 'remove', { ids: [found[0]?.queueId ?? ''] }), 1);
    assert.equal(await change(sluice, 'bounce', { state: 'damaged' }), 2);
    assert.deepEqual(await rows(sluice), []);
    assert.equal((await sluice.ask<Status>({ operation: 'status' })).messages, 0);
    assert.deepEqual(mx.messages, []);
  });
});
