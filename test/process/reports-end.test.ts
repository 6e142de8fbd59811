// Reports end: a message with the empty sender is reported to nobody, and a failed report of our own to the postmaster once,
// also over a restart and a change of the postmaster.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { controlResult } from '../../src/control/control-client.ts';
import type { Status } from '../../src/control/operations/status.ts';
import { send } from '../interop/mail.ts';

/** A message from outside that looks like a report of Sluice. */
const imitated = [
  'From: Mail Delivery System <MAILER-DAEMON@sluice.test>',
  'Subject: Your message could not be delivered',
  'Auto-Submitted: auto-replied',
  'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
  'X-Sluice-Queue-ID: 038G3TBYYT20000',
  '',
  '--b--',
  '',
].join('\r\n');

function config(postmaster: string, error: string): SluiceConfig {
  return {
    processes: { single_process: true },
    queue: { retry: ['1s'] },
    bounce: { postmaster },
    route: [
      { domain: ['gone.test'], error: '550 5.1.1 No such user' },
      { domain: ['sender.test', 'postmaster.test'], error },
    ],
  };
}

test('a report that fails after a restart causes one notice to the postmaster, and no other mail', async (t) => {
  const ground = Ground.of(t);
  const first = await startSluice(ground, { config: config('one@postmaster.test', '450 4.2.0 Not now') });
  const { directory } = first;
  await send(first.port, { from: '', to: ['a@gone.test'], content: imitated });
  assert.deepEqual(
    (await first.logged('dropped')).map(({ from, to, reason }) => [from, to, reason]),
    [
      [
        '',
        ['a@gone.test'],
        'nobody is told: it came with the empty sender, and such a message is never answered by a report',
      ],
    ],
  );
  await send(first.port, {
    from: 'user@sender.test',
    to: ['b@gone.test'],
    content: 'Subject: x\r\n\r\ny\r\n',
  });
  await first.logged(({ event, to }) => event === 'deferred' && to === 'user@sender.test');
  await first.program.stop('SIGTERM');

  const second = await startSluice(ground, {
    config: config('two@postmaster.test', '550 5.2.1 Closed'),
    directory,
  });
  await second.logged('dropped', 2);
  const status = async (): Promise<Status> =>
    (await controlResult(`${directory}/control.sock`, { operation: 'status' })) as Status;
  await until('nothing waits', async () => {
    const { messages, reports } = await status();
    return messages === 0 && reports === 0;
  });
  await until('one is counted', async () => (await status()).counters['dropped'] === 1);
  const lines = (await second.whole()).filter(({ event }) => event === 'received');
  assert.deepEqual(
    lines.map(({ via, from, to }) => [via, from, to]),
    [
      [undefined, '', ['a@gone.test']],
      [undefined, 'user@sender.test', ['b@gone.test']],
      ['bounce', '', ['user@sender.test']],
      ['notice', '', ['two@postmaster.test']],
    ],
  );
});
