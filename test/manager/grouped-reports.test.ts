// A mailing to very many hosts causes one report, however its failures come in, and also when the manager dies before it has reported
// them: nothing of them was booked, so all are tried again, and fail together.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../../sim/virtual-timers.ts';
import { deferred, delivered, failed, type Ground, ground, type SenderAtHand, startMs } from './assembled.ts';
import { MemoryStore } from './memory-store.ts';

const hosts = 300;
const recipients = Array.from({ length: 1_000 }, (_, at) => `u${at}@host${at % hosts}.test`);
const config = `
spool = "/spool"
[adapt]
enabled = false
[queue]
retry = ["1h"]
`;

/** Failed recipients of each report about the mailing. */
function reported(store: MemoryStore): string[][] {
  return store.reports.map(({ content }) =>
    [
      ...Buffer.concat(content)
        .toString()
        .matchAll(/Final-Recipient: rfc822; (\S+)\r\nAction: failed/gu),
    ].map((match) => match[1] ?? ''),
  );
}

/** Each host answers 90 ms after the one before, which takes 27 s; all but `left` of them. */
async function refuse({ timers }: Ground, sender: SenderAtHand, left = 0): Promise<void> {
  const granted = sender.all('connect').filter(({ work }) => work.queueId.startsWith('Q'));
  assert.equal(granted.length, hosts);
  for (const [at, { connection, work }] of granted.slice(left).entries()) {
    await sender.done(
      connection,
      work.recipients.map((recipient) => answerOf(at, recipient)),
    );
    await timers.pass(90);
  }
}

/** Some hosts take the mail, and some want it later. */
function answerOf(host: number, recipient: number) {
  if (host % 10 === 3) return delivered(recipient);
  return host % 10 === 7 ? deferred(recipient) : failed(recipient);
}

test('a message to 1,000 recipients of 300 hosts has one report, as soon as the last host has answered', async (t) => {
  const at = await ground(t, { config });
  const sender = await at.sender(1);
  await at.submit(...recipients);
  await refuse(at, sender);
  await settled();
  const reports = reported(at.store);
  assert.equal(reports.length, 1);
  const perHost = Map.groupBy(recipients, (address) => address.slice(address.indexOf('@')));
  assert.ok(perHost.size === hosts && reports[0]!.length > 790 && reports[0]!.length < 810);
  assert.equal(new Set(reports[0]).size, reports[0]!.length);
});

test('failures that a manager had gathered when it died are in one report after the restart', async (t) => {
  const before = await ground(t, { config });
  const sender = await before.sender(1);
  const id = await before.submit(...recipients);
  await refuse(before, sender, 1);
  assert.deepEqual(reported(before.store), [], 'a host has not answered');
  assert.ok(!before.store.told.some((line) => line.includes('settle failed')));
  before.timers.stop();

  const store = new MemoryStore();
  const { queueId, ref } = store.add(recipients);
  store.recovered = [
    {
      queueId,
      ref,
      receivedAtMs: startMs - 60_000,
      sizeBytes: 10,
      reversePath: 'a@from.test',
      body: '7BIT',
      smtpUtf8: false,
      held: false,
      waiting: recipients
        .map((address, index) => ({
          index,
          address,
          attempts: 0,
          nextAttemptAtMs: 0,
          lastRefusal: '' as const,
        }))
        .filter(({ index }) => !before.store.told.includes(`settle delivered ${id} ${index}`)),
    },
  ];
  const after = await ground(t, { config, store });
  const next = await after.sender(2);
  let answered = 0;
  for (let all = next.all('connect'); answered < all.length; all = next.all('connect')) {
    const { connection, work } = all[answered++]!;
    if (work.queueId === queueId) await next.done(connection, work.recipients.map(failed));
  }
  const reports = reported(store);
  assert.equal(reports.length, 1);
  assert.equal(reports[0]!.length, store.recovered[0]!.waiting.length);
});
