// DNS lists that are dead, slow or lie, in real sessions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { from, listed, listing, nine, recipient, rule, sent } from './dns-lists-fixture.ts';
import { pass } from './stage-fixture.ts';

test('a list that is dead keeps nobody waiting for longer than the limit, and refuses nobody', async (t) => {
  const dead = rule({ zone: 'dead.test', shownAs: 'dead.test' });
  const { fixture, troubles, results } = await listing(t, {}, [dead]);
  const clients = await Promise.all([1, 2, 3].map((host) => from(fixture, `192.0.2.${host}`)));
  const replies = clients.map((client) => recipient(client));
  // Each has asked, and waits.
  await pass(fixture, 0);
  await pass(fixture, 6_000);
  for (const reply of await Promise.all(replies)) assert.match(reply, /^250/);
  assert.deepEqual(
    troubles.list.map(({ key }) => key),
    ['list:dead.test'],
  );
  // From now on, nobody waits.
  assert.match(await sent(await from(fixture)), /^250/);
  assert.equal(results[0]?.['failed'], 'dead.test');
});

test('a listed client is refused by another list while one is dead', async (t) => {
  const dead = rule({ zone: 'dead.test', shownAs: 'dead.test' });
  const { fixture } = await listing(t, { [`${nine}.bl.test`]: listed }, [dead, rule()]);
  const client = await from(fixture);
  const reply = recipient(client);
  await pass(fixture, 0);
  await pass(fixture, 6_000);
  assert.match(await reply, /^550/);
});

test('lists that lie refuse nobody', async (t) => {
  for (const dns of [
    { [`${nine}.bl.test`]: { a: ['203.0.113.1'] } },
    { [`${nine}.bl.test`]: { a: ['127.255.255.254'] } },
    { [`${nine}.bl.test`]: listed, '1.0.0.127.bl.test': listed },
    { [`${nine}.bl.test`]: { behaviour: 'servfail' } },
  ] as const) {
    const { fixture, results } = await listing(t, dns, [rule()]);
    assert.match(await sent(await from(fixture)), /^250/);
    assert.deepEqual([results[0]?.['score'], results[0]?.['failed']], ['0', 'bl.test']);
  }
});

test('a client that goes while lists are asked leaves nothing behind', async (t) => {
  const { fixture } = await listing(t, {}, [rule({ zone: 'dead.test', shownAs: 'dead.test' })]);
  const client = await from(fixture);
  client.send('MAIL FROM:<a@sender.test>\r\nRCPT TO:<b@example.com>\r\n');
  await pass(fixture, 0);
  client.socket.destroy();
  await pass(fixture, 6_000);
  assert.equal(fixture.receiver.connections, 0);
  assert.deepEqual(fixture.troubles.list, []);
});
