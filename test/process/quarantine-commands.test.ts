// `sluice quarantine` with Sluice as a program: it lists, counts, shows, releases and deletes what is in quarantine, and nothing else.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { openSpoolWriter } from '../../src/spool/open.ts';
import { destination } from '../interop/mail.ts';

interface Planted {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly tenant?: string;
  readonly quarantine?: string;
  readonly text?: string;
}

async function plant(spool: string, mail: readonly Planted[]): Promise<string[]> {
  const writer = await openSpoolWriter({
    directory: spool,
    slot: 1,
    segmentBytes: 1024 * 1024,
    reserveBytes: 0,
    sync: 'fdatasync',
  });
  const ids: string[] = [];
  for (const { sender, recipients, tenant, quarantine, text = 'Hello' } of mail) {
    const queueId = writer.newQueueId();
    ids.push(queueId);
    await writer.append({
      envelope: {
        queueId,
        receivedAtMs: Date.now(),
        reversePath: sender,
        recipients: recipients.map((address) => ({ address })),
        body: '7BIT',
        smtpUtf8: false,
        ...(tenant !== undefined && { tenant }),
        ...(quarantine !== undefined && { quarantine }),
        origin: { via: 'smtp', clientAddress: '192.0.2.1', helo: 'x' },
      },
      content: [Buffer.from(`Subject: x\r\n\r\n${text}\r\n`)],
    });
  }
  await writer.close();
  return ids;
}

test('mail in quarantine is listed, counted, shown, released and deleted by its reason', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const directory = ground.folder('sluice');
  const [first = '', second = '', third = '', other = ''] = await plant(join(directory, 'spool'), [
    { sender: 'a@one.example', recipients: ['1@far.test', '2@far.test'], quarantine: 'spam score 9' },
    { sender: 'b@two.example', recipients: ['3@far.test'], quarantine: 'spam score 7', tenant: 'shop' },
    { sender: 'b@two.example', recipients: ['4@far.test'], quarantine: 'virus', text: 'red \x1b[31m' },
    { sender: 'c@two.example', recipients: ['5@far.test'] },
  ]);
  const config = { route: [{ relay: [`127.0.0.1:${mx.port}`] }], tenant: [{ name: 'shop' }] };
  const sluice = await startSluice(ground, { config, directory });
  const quarantine = (...args: string[]) => sluice.cli('quarantine', ...args);
  const arrived = () => mx.messages.flatMap(({ recipients }) => recipients).sort();
  await until('the other message has arrived', () => Promise.resolve(arrived().length === 1));

  const [all, chosen, json, text, shown] = await Promise.all([
    quarantine('list'),
    quarantine('list', '--reason', 'SPAM', '--tenant', 'shop'),
    quarantine('report', '--since', '1d', '--json'),
    quarantine('report', '--tenant', 'shop'),
    quarantine('show', third, '--content'),
    assert.rejects(quarantine('show', other), /NO_SUCH_MESSAGE: .* is in quarantine/),
    assert.rejects(quarantine('release'), /NOTHING_CHOSEN: .*"sluice quarantine release"/),
    assert.rejects(quarantine('delete', third), /NOT_CONFIRMED/),
  ]);
  for (const id of [first, second, third]) assert.match(all, new RegExp(id));
  assert.match(all, /4 recipients\n$/);
  assert.doesNotMatch(all, new RegExp(other));
  assert.match(chosen, /^1 recipient$/m);
  assert.match(text, /^Tenant shop: 1 message in quarantine for 1 recipient; 2\d B, the oldest for \d+s$/m);
  assert.match(shown, /red /);
  assert.ok(!shown.includes('\x1b'));
  assert.match(text, /^MESSAGES {2}SIZE +OLDEST {2}REASON\n1 +2\d B +\d+s +spam score 7$/m);
  const counts = JSON.parse(json, (name, value: unknown) => {
    if (name !== 'bytes' && name !== 'oldestMs') return value;
    assert.ok(Number(value) > 0);
    return undefined;
  }) as { tenants: unknown };
  assert.deepEqual(counts.tenants, [
    {
      tenant: '',
      messages: 2,
      recipients: 3,
      reasons: [
        { name: 'spam score 9', messages: 1 },
        { name: 'virus', messages: 1 },
      ],
      senderDomains: [
        { name: 'one.example', messages: 1 },
        { name: 'two.example', messages: 1 },
      ],
    },
    {
      tenant: 'shop',
      messages: 1,
      recipients: 1,
      reasons: [{ name: 'spam score 7', messages: 1 }],
      senderDomains: [{ name: 'two.example', messages: 1 }],
    },
  ]);

  assert.match(await quarantine('delete', '--reason', 'virus', '--yes'), /1 recipient removed/);
  assert.match(await quarantine('release', '--reason', 'score 9'), /2 recipients released/);
  await until('what was released has arrived', () => Promise.resolve(arrived().length === 3));
  assert.deepEqual(arrived(), ['1@far.test', '2@far.test', '5@far.test']);

  assert.equal(await sluice.program.stop('SIGTERM'), 0);
  assert.match(await quarantine('list'), /spam score 7\n1 recipient\n$/);
  const lines = (await readFile(join(directory, 'log'), 'utf8')).split('\n');
  assert.ok(lines.some((line) => line.includes('removed') && line.includes('virus')));
  assert.ok(lines.some((line) => line.includes('released') && line.includes('spam score 9')));
});
