// What a sender process reports of recipients that were refused: by whom, at which command, and in which words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Refusal } from '../../src/message/refusal.ts';
import { fixture, type RecordedReports } from './fixture.ts';

/** Resolves to the refusals of the next transaction, in the order of its recipients. */
async function refusalsOf(reports: RecordedReports): Promise<Refusal[]> {
  while ((await reports.next()).kind !== 'done');
  return reports.results.flatMap((each) => (each.result === 'refused' ? [each.refusal] : []));
}

test('a reply is told with its server, command, codes and lines', async (t) => {
  const { server, spool, reports, connect } = await fixture(t);
  connect(spool.add({ to: ['b@to.test'] }));
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(['MAIL FROM:<a@from.test>', '250 ok']);
  await peer.dialogue(['RCPT TO:<b@to.test>', '550-5.1.1 no such user\r\n550 5.1.1 (in reply to MAIL)']);
  assert.deepEqual(await refusalsOf(reports), [
    {
      by: { kind: 'remote', host: 'mx.test', address: '127.0.0.1', port: server.port },
      during: 'RCPT',
      code: 550,
      enhanced: '5.1.1',
      lines: ['no such user', '(in reply to MAIL)'],
      permanent: true,
    },
  ]);
});

test('a 552 after others were taken is for now, whatever its code says', async (t) => {
  const { server, spool, reports, connect } = await fixture(t);
  connect(spool.add({ to: ['b@to.test', 'c@to.test'] }));
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(
    ['MAIL FROM:<a@from.test>', '250 ok'],
    ['RCPT TO:<b@to.test>', '250 ok'],
    ['RCPT TO:<c@to.test>', '552 too many recipients'],
    ['DATA', '354 go'],
  );
  await peer.content();
  peer.say('250 taken');
  const [refusal] = await refusalsOf(reports);
  assert.deepEqual([refusal?.code, refusal?.permanent], [552, false]);
});

test('a connection that breaks is told with its server, but has said nothing', async (t) => {
  const { server, spool, reports, connect } = await fixture(t);
  connect(spool.add({ to: ['b@to.test'] }));
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(['MAIL FROM:<a@from.test>', '250 ok'], ['RCPT TO:<b@to.test>']);
  peer.end();
  const [refusal] = await refusalsOf(reports);
  assert.deepEqual(refusal?.by, {
    kind: 'connection',
    host: 'mx.test',
    address: '127.0.0.1',
    port: server.port,
  });
  assert.deepEqual([refusal.during, refusal.code, refusal.enhanced], ['RCPT', 0, '4.4.2']);
});

test('what cannot be sent to a server is refused by ourselves, with the code that it would have given', async (t) => {
  const { server, spool, reports, connect } = await fixture(t);
  connect(spool.add({ to: ['b@to.test'], content: 'x'.repeat(200) }));
  const peer = await server.accept();
  await peer.hello('SIZE 100');
  const [refusal] = await refusalsOf(reports);
  assert.deepEqual(refusal?.by, { kind: 'local' });
  assert.deepEqual(
    [refusal.during, refusal.code, refusal.enhanced, refusal.permanent],
    ['MAIL', 552, '5.3.4', true],
  );
});
