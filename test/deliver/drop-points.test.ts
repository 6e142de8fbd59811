// Wherever a server falls over, each transaction has one end: one result for each recipient, or none was taken up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distrustMs } from '../../src/manager/pipelining-memory.ts';
import type { Work } from '../../src/deliver/types.ts';
import type { Peer } from './mail-server.ts';
import { fixture, turns, type Report } from './fixture.ts';

/** A server that takes mail and falls over after so many bytes in or out. */
interface Fall {
  readonly after: 'received' | 'sent';
  readonly bytes: number;
  readonly how: 'end' | 'reset';
  readonly pipelining: boolean;
  readonly chunking: boolean;
  /** As many messages are granted at once as the connection takes. */
  readonly ahead: boolean;
}

interface Taken {
  readonly sender: string;
  readonly recipients: string[];
}

/** Plays the server until it falls; `taken` are the messages whose 250 it has written, in whole or in part. */
function serve(peer: Peer, fall: Fall): Taken[] {
  const taken: Taken[] = [];
  let unread = '';
  let left = fall.bytes;
  let over = false;
  let recipients: string[] = [];
  let sender = '';
  let inContent = false;
  /** Bytes of a chunk that are still to come; negative: none. */
  let chunk = -1;
  const drop = () => {
    over = true;
    peer[fall.how]();
  };
  const say = (text: string) => {
    const bytes = fall.after === 'sent' ? text.slice(0, left) : text;
    if (fall.after === 'sent') left -= bytes.length;
    peer.socket.write(bytes);
    if (fall.after === 'sent' && left === 0) drop();
  };
  const line = (text: string) => {
    if (inContent) {
      if (text !== '.') return;
      inContent = false;
      taken.push({ sender, recipients });
      say('250 2.0.0 taken\r\n');
    } else if (text.startsWith('EHLO')) {
      const offers = `${fall.pipelining ? '250-PIPELINING\r\n' : ''}${fall.chunking ? '250-CHUNKING\r\n' : ''}`;
      say(`250-mx.test\r\n250-8BITMIME\r\n${offers}250 DSN\r\n`);
    } else if (text.startsWith('MAIL')) {
      sender = text;
      recipients = [];
      say('250 ok\r\n');
    } else if (text.startsWith('RCPT')) {
      const refused = text.includes('<no');
      if (!refused) recipients.push(text);
      say(refused ? '550 5.1.1 no\r\n' : '250 ok\r\n');
    } else if (text === 'DATA') {
      inContent = recipients.length > 0;
      say(inContent ? '354 go\r\n' : '503 5.5.1 no recipients\r\n');
    } else if (text.startsWith('BDAT')) {
      chunk = Number(text.split(' ')[1]);
    } else if (text === 'QUIT') {
      say('221 bye\r\n');
      if (!over) peer.end();
      over = true;
    } else {
      say('250 ok\r\n');
    }
  };
  const endOf = (): number => (chunk < 0 ? unread.indexOf('\r\n') : unread.length >= chunk ? chunk : -1);
  peer.socket.on('data', (bytes: Buffer) => {
    const heard = fall.after === 'received' ? bytes.subarray(0, left) : bytes;
    if (fall.after === 'received') left -= heard.length;
    unread += heard.toString('latin1');
    for (let end = endOf(); end >= 0 && !over; end = endOf()) {
      if (chunk >= 0) {
        unread = unread.slice(chunk);
        chunk = -1;
        if (recipients.length > 0) taken.push({ sender, recipients });
        say(recipients.length > 0 ? '250 2.0.0 taken\r\n' : '503 5.5.1 no recipients\r\n');
        continue;
      }
      const text = unread.slice(0, end);
      unread = unread.slice(end + 2);
      line(text);
    }
    if (fall.after === 'received' && left === 0 && !over) drop();
  });
  say('220 mx.test ESMTP\r\n');
  return taken;
}

const falls = fc.record({
  after: fc.constantFrom('received', 'sent'),
  bytes: fc.integer({ min: 1, max: 900 }),
  how: fc.constantFrom('end', 'reset'),
  pipelining: fc.boolean(),
  chunking: fc.boolean(),
  ahead: fc.boolean(),
}) satisfies fc.Arbitrary<Fall>;

test('one result for each recipient, or the transaction was not taken up', { timeout: 20_000 }, async (t) => {
  const all = await fixture(t);
  const { server, spool, reports, sender } = all;
  let connection = 0;
  let mostOpen = 0;
  // An old message takes the disk a while: the server may fall over in the meantime.
  spool.gate = () => turns(3);
  await fc.assert(
    fc.asyncProperty(falls, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), async (fall, fresh) => {
      const id = ++connection;
      // What the server did before is forgotten.
      all.advance(distrustMs);
      const works = fresh.map((isFresh, i) =>
        spool.add({
          to: i === 2 ? ['no1@to.test'] : ['b@to.test', 'no@to.test', 'c@to.test'],
          content: `Subject: ${i}\r\n\r\n${'.line\r\n'.repeat(8)}`,
          fresh: isFresh,
          envelope: { reversePath: `m${i}@from.test` },
        }),
      );
      const mine: Report[] = [];
      const closed = Promise.withResolvers<void>();
      /** Works in the order in which they were granted. */
      const granted: Work[] = [];
      const grant = (): Work | undefined => {
        const work = works[granted.length];
        if (work !== undefined) granted.push(work);
        return work;
      };
      reports.onReport = (report) => {
        mine.push(report);
        if (report.kind === 'closed') closed.resolve();
        if (report.kind === 'ready' && fall.ahead) {
          for (let more = (reports.depths.at(-1) ?? 1) - 1; more > 0; more--) {
            const next = grant();
            if (next !== undefined) sender.transact(id, next);
          }
        }
        if (report.kind !== 'done' || !report.reusable) return;
        const next = grant();
        if (next !== undefined) sender.transact(id, next);
        else if (mine.filter(({ kind }) => kind === 'done').length === granted.length) sender.close(id);
      };
      all.connect(grant()!, id);
      const taken = serve(await server.accept(), fall);
      await closed.promise;

      assert.equal(sender.connections, 0);
      assert.deepEqual(
        mine.filter(({ kind }) => kind === 'closed'),
        mine.slice(-1),
        'closed comes once, as the last',
      );
      assert.deepEqual(
        mine.filter(({ kind }) => kind === 'ready'),
        mine[0]?.kind === 'ready' ? [mine[0]] : [],
        'ready comes once, as the first',
      );
      const done = mine.filter((report) => report.kind === 'done');
      for (const [i, { results }] of done.entries()) {
        assert.deepEqual(
          results.map(({ recipient }) => recipient),
          granted[i]!.recipients,
        );
        for (const { result, recipient } of results) {
          const from = `MAIL FROM:<m${i}@from.test>`;
          const to = i === 2 ? 'no1' : ['b', 'no', 'c'][recipient]!;
          const arrived = taken.some(
            (each) => each.sender === from && each.recipients.some((rcpt) => rcpt.includes(`<${to}@`)),
          );
          if (result === 'delivered') assert.ok(arrived, 'delivered is what the server took');
          if (result === 'permfail') assert.ok(to.startsWith('no'), 'refused is what the server refused');
        }
      }
      const last = mine.at(-1);
      assert.ok(last?.kind === 'closed');
      const open = granted.length - done.length;
      if (open > 1) assert.ok(fall.ahead, 'one at a time');
      assert.equal(
        Math.min(open, 1),
        last.report.kind === 'closed' ? 0 : 1,
        `${open} open, ${last.report.kind}`,
      );
      mostOpen = Math.max(mostOpen, open);
      assert.equal(last.report.kind === 'failed', mine[0]?.kind !== 'ready');
      if (last.report.kind === 'unused') {
        for (let i = done.length; i < granted.length; i++) {
          const from = `MAIL FROM:<m${i}@from.test>`;
          assert.ok(!taken.some((each) => each.sender === from), 'what was not taken up did not arrive');
        }
      }
    }),
    { numRuns: 600 },
  );
  assert.ok(mostOpen > 1, 'several were given back at once');
});
