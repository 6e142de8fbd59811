// Limits of the quarantine with Sluice as a program: exact over both receivers, and right after a restart.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { send as sendMail } from '../interop/mail.ts';

test('beyond its limits nothing is held and nothing is accepted unheld, also after a restart', async (t) => {
  const ground = Ground.of(t);
  const directory = ground.folder('sluice');
  // It fails at DATA, so all mail is held.
  const program = join(directory, 'fails');
  mkdirSync(directory, { recursive: true });
  writeFileSync(program, '#!/bin/sh\nexit 120\n', { mode: 0o755 });
  writeFileSync(join(directory, 'plugins'), `[data]\n${program}\n`);
  const config = {
    receive: { relay_networks: ['127.0.0.0/8'] },
    quarantine: { max_messages: 3 },
    tenant: [{ name: 'shop', sender: ['shop.example'], quarantine_max_messages: 1 }],
    stage: [
      {
        name: 'broken',
        kind: 'qmail-spp',
        plugins: join(directory, 'plugins'),
        on_failure: 'quarantine',
        audience: 'everybody',
      },
    ],
    processes: { receivers: 2 },
  };
  const sluice = await startSluice(ground, { config, directory });
  const send = async (port: number, from: string): Promise<string> => {
    const replies = await sendMail(port, { from, to: ['a@far.test'], content: 'Subject: x\r\n\r\nhi\r\n' });
    return replies.at(-1) ?? '';
  };
  assert.match(await send(sluice.port, 'a@shop.example'), /^250 /);
  assert.match(await send(sluice.port, 'b@shop.example'), /^451 4\.3\.1 /);
  const replies = await Promise.all(
    Array.from({ length: 6 }, (_, at) => send(sluice.port, `${at}@else.example`)),
  );
  assert.equal(replies.filter((reply) => reply.startsWith('250 ')).length, 2);
  assert.equal(replies.filter((reply) => reply.startsWith('451 4.3.1 ')).length, 4);
  await sluice.shows(/^Quarantine {3}3 of 3 messages, [\d.]+ K?i?B\n {13}tenant shop: 1 of 1/m, 'status');
  await until('the troubles are told', async () =>
    /CRITICAL +The quarantine is full/.test(await sluice.cli('status')),
  );
  const report = JSON.parse(await sluice.cli('quarantine', 'report', '--json')) as {
    tenants: { tenant: string; messages: number; bytes: number }[];
  };
  assert.deepEqual(
    report.tenants.map(({ tenant, messages }) => [tenant, messages]),
    [
      ['', 2],
      ['shop', 1],
    ],
  );
  assert.ok(report.tenants.every(({ bytes }) => bytes > 100));
  assert.equal(await sluice.program.stop('SIGTERM'), 0);

  const again = await startSluice(ground, { config, directory });
  assert.match(await send(again.port, 'b@shop.example'), /^451 4\.3\.1 /);
  assert.match(await send(again.port, 'x@else.example'), /^451 4\.3\.1 /);
  assert.match(await again.cli('quarantine', 'delete', '--tenant', 'shop', '--yes'), /1 recipient removed/);
  assert.match(await send(again.port, 'b@shop.example'), /^250 /);
  assert.match(await again.cli('queue', 'list'), /3 recipients\n$/);
});
