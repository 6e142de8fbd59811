// The way of reports about mail of a queue, with Sluice as a program.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from '../interop/mail.ts';

test('reports go by the route of the record of the domain, or of the queue of their mail, or of [bounce]', async (t) => {
  const ground = Ground.of(t);
  const [ofRecord, ofQueue, usual] = [
    await destination(ground),
    await destination(ground),
    await destination(ground),
  ];
  const directory = ground.folder('sluice');
  writeFileSync(join(directory, 'domains'), 'own.test bounce_route=record queue=shop\n');
  const toRelay = (name: string, port: number) => ({
    name,
    domain: [`${name}.invalid`],
    relay: [`127.0.0.1:${port}`],
  });
  const config = {
    queues: { shop: { bounce_route: 'queue' }, bank: {}, bounces: { bounce_route: 'record' } },
    assignment: [
      { queue: 'shop', domain: ['shop.test'] },
      { queue: 'bank', domain: ['bank.test'] },
      // Where a report waits says nothing of its way.
      { queue: 'bounces', reports: true },
    ],
    provisioning: { table: 'domains' },
    table: [{ name: 'domains', kind: 'key-value', path: 'domains' }],
    bounce: { route: 'usual' },
    route: [
      toRelay('record', ofRecord.port),
      toRelay('queue', ofQueue.port),
      toRelay('usual', usual.port),
      { error: '550 5.1.2 No such host' },
    ],
  };
  const sluice = await startSluice(ground, { config, directory });
  for (const domain of ['own', 'shop', 'bank', 'elsewhere']) {
    const mail = {
      from: `${domain}@a.test`,
      to: [`x@${domain}.test`],
      content: 'Subject: x\r\n\r\nHello\r\n',
    };
    assert.match((await send(sluice.port, mail)).at(-1) ?? '', /^250/u);
  }
  const servers = [ofRecord, ofQueue, usual];
  const all = (): string[][] =>
    servers.map(({ messages }) => messages.flatMap(({ recipients }) => recipients).toSorted());
  await until('all reports have arrived', () => all().flat().length === 4);
  assert.deepEqual(all(), [['own@a.test'], ['shop@a.test'], ['bank@a.test', 'elsewhere@a.test']]);
});
