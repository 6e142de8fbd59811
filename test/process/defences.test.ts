// Defences with Sluice as a program: DNS lists over the network, the greeting, checks that are only tested, and what operators see of them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startDnsServer } from '../../sim/dns/dns-server.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';

/** What a client hears that says all of it at once, or only after the greeting. */
async function conversation(port: number, from: string, isPatient: boolean): Promise<readonly string[]> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from });
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  const closed = once(socket, 'close');
  if (isPatient) await once(socket, 'data');
  socket.end('EHLO desktop\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<joe@near.test>\r\nQUIT\r\n');
  await closed;
  return text.split('\r\n').filter((line) => /^\d{3} /u.test(line));
}

test('lists, the greeting and checks decide together, and operators see what they did', async (t) => {
  const ground = Ground.of(t);
  const listed = { a: ['127.0.0.4'], txt: ['see https://bl.test/why'] };
  const dns = await startDnsServer({
    zone: {
      '5.0.0.127.bl.test': listed,
      '6.0.0.127.gone.test': { behaviour: 'servfail' },
    },
  });
  ground.atEnd(() => dns.close());
  const lists = (...zones: readonly string[]) => ({
    name: 'lists',
    kind: 'dns-lists',
    reject_at: 1,
    list: zones.map((zone) => ({ zone, shown_as: `the-${zone}` })),
  });
  const config = (...zones: readonly string[]) => ({
    dns: { servers: [`127.0.0.1:${dns.port}`] },
    receive: { relay_networks: ['127.0.0.9/32'], relay_domains: ['near.test'] },
    stage: [
      { name: 'greeting', kind: 'greeting', delay: '1s', remember: '1h' },
      lists(...zones),
      { name: 'checks', kind: 'client-checks', helo_not_qualified: 'reject', test_only: true },
    ],
    deliver: { max_connections: 0 },
  });
  const sluice = await startSluice(ground, { config: config('bl.test', 'gone.test') });
  const { port } = sluice;

  // All commands before the greeting.
  assert.deepEqual(await conversation(port, '127.0.0.5', false), [
    '554 5.5.1 You have to wait for the greeting',
  ]);
  const listedReply = (await conversation(port, '127.0.0.5', true)).find((line) => line.startsWith('550'));
  assert.equal(listedReply, '550 5.7.1 127.0.0.5 is listed by the-bl.test: see https://bl.test/why');
  // It has waited, and is known now. The other list fails three times, and has no say.
  for (let time = 0; time < 3; time++) {
    const replies = await conversation(port, '127.0.0.6', true);
    assert.deepEqual(
      replies.map((line) => line.slice(0, 3)),
      ['220', '250', '250', '250', '221'],
    );
  }
  // A client that may relay is asked about nothing.
  assert.match((await conversation(port, '127.0.0.9', false)).join('\n'), /^220 .*\n250 .*\n250 .*\n250 /u);

  const status = await until('all is counted', async () => {
    const text = await sluice.cli('status');
    return /checks: .*only tested: .*3 reject/u.test(text) ? text : undefined;
  });
  assert.match(status, /^Warning +The DNS list the-gone\.test has no say: /mu);
  assert.match(status, /greeting: 4 continue, 3 delayed, 1 early, 1 reject$/mu);
  assert.match(status, /lists: .*1 listed:the-bl\.test, 1 reject$/mu);
  const tested = await sluice.logged('tested', 3);
  assert.deepEqual(
    tested.map(({ stage, wouldBe, client, to }) => [stage, wouldBe, client, to]),
    Array.from({ length: 3 }, () => ['checks', 'reject', '127.0.0.6', 'joe@near.test']),
  );
  const met = await sluice.cli('explain', '--client', '127.0.0.5', '--from', 'a@b.example');
  assert.match(met, /lists .*list=the-bl\.test,the-gone\.test/u);
  assert.doesNotMatch(met, /zone/u);

  // The list that fails is taken out, and with it the trouble.
  sluice.configure(config('bl.test'));
  await sluice.cli('reload');
  await until('the trouble is over', async () => !(await sluice.cli('status')).includes('has no say'));
});
