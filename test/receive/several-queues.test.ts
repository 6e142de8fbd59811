// A message for several queues: each recipient in its own, in memory and in files, and what the client hears when one queue fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StorePlace, StorePlaces } from '../../src/receive/store-places.ts';
import type { SpoolWriter } from '../../src/spool/types.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { MemorySpool } from './memory-spool.ts';
import { SessionHarness } from './session-harness.ts';

const small = 'Subject: x\r\n\r\nHello\r\n';
const large = `Subject: x\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(10_000)}`;

interface Ground {
  readonly session: SessionHarness;
  readonly own: MemorySpool;
  readonly other: MemorySpool;
}

/** Recipients at other.test are in a queue of their own. */
function ground(): Ground {
  const other = new MemorySpool();
  const placesOf = (spool: SpoolWriter, watch: StorePlace['watch']): StorePlaces => {
    const places = [
      { spool, watch },
      { queue: 'other', spool: other, watch },
    ] as const;
    return {
      all: places,
      of: (_, address) => places[address.endsWith('@other.test') ? 1 : 0],
      queueOf: () => '',
      looksAtHeader: false,
    };
  };
  const session = new SessionHarness([], undefined, undefined, placesOf);
  session.receive(Buffer.from('EHLO client.example\r\n'));
  return { session, own: session.spool, other };
}

async function send({ session }: Ground, to: readonly string[], content: string): Promise<string> {
  const from = session.output.length;
  const recipients = to.map((each) => `RCPT TO:<${each}>\r\n`).join('');
  session.receive(Buffer.from(`MAIL FROM:<a@a.test>\r\n${recipients}DATA\r\n`));
  if (session.output.includes('354', from)) session.receive(Buffer.from(`${content}.\r\n`));
  while (session.isBusy) await new Promise((resolve) => setImmediate(resolve));
  return session.output.slice(from);
}

const kept = (spool: MemorySpool): string[][] =>
  spool.kept.map(({ envelope }) => envelope.recipients.map(({ address }) => address));

for (const [what, content] of [
  ['in memory', small],
  ['in a file', large],
] as const) {
  test(`${what}: each queue gets its recipients and the whole content, and the manager hears of each`, async () => {
    const place = ground();
    const { session, own, other } = place;
    const replies = await send(place, ['x@other.test', 'y@own.test', 'z@other.test'], content);
    assert.match(replies, /^250 2\.0\.0 queued as /m);
    assert.deepEqual(kept(own), [['y@own.test']]);
    assert.deepEqual(kept(other), [['x@other.test', 'z@other.test']]);
    for (const each of [...own.kept, ...other.kept]) {
      assert.ok(each.content.endsWith(content));
      assert.equal(each.large, content === large);
    }
    assert.deepEqual(session.submitted.map(({ recipients }) => recipients).toSorted(), [
      ['x@other.test', 'z@other.test'],
      ['y@own.test'],
    ]);
    session.end();
  });

  test(`${what}: all recipients in another queue leave nothing in the first`, async () => {
    const place = ground();
    assert.match(await send(place, ['x@other.test'], content), /^250 2\.0\.0 queued as /m);
    assert.deepEqual([kept(place.own), kept(place.other)], [[], [['x@other.test']]]);
    place.session.end();
  });

  test(`${what}: when one queue fails, the client hears of it, and what is stored counts`, async () => {
    const place = ground();
    const { session, own, other } = place;
    // Found out only while the message is stored.
    other.failure = new SpoolError('SPOOL_WRITE_FAILED', 'the disk is gone');
    const replies = await send(place, ['y@own.test', 'x@other.test'], content);
    assert.match(replies, /^451 4\.3\.0 The message could not be stored/m);
    assert.deepEqual(kept(other), []);
    assert.deepEqual(
      session.submitted.map(({ recipients }) => recipients),
      kept(own),
    );
    assert.equal(session.memory.usedBytes, 0);
    session.end();
  });
}

test('a queue without room refuses its recipients alone', async () => {
  const place = ground();
  const { session, own, other } = place;
  other.room = false;
  const replies = await send(place, ['x@other.test', 'y@own.test'], small);
  assert.match(replies, /^452 4\.3\.1 Insufficient disk space/m);
  assert.match(replies, /^250 2\.0\.0 queued as /m);
  assert.deepEqual([kept(own), kept(other)], [[['y@own.test']], []]);
  session.end();
});

test('without room in any queue, mail is refused before its recipients', async () => {
  const place = ground();
  place.own.room = false;
  place.other.room = false;
  assert.match(await send(place, ['y@own.test'], small), /^452 4\.3\.1 Insufficient disk space/m);
  place.session.end();
});
