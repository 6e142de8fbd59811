// Bodies of any size on their way to a milter and back: none is held in memory, and what is left over is removed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyChunkBytes } from '../../../src/protocol/milter/milter-session.ts';
import { receiveSettings } from '../../receive/fixture.ts';
import { greeted, receiverWith, sendMessage } from './milter-fixture.ts';
import { type Answers, goOnPacket, packet, ScriptedMilter } from './scripted-milter.ts';

const line = `${'x'.repeat(70)}\r\n`;
const settings = {
  largeMessageBytes: 100_000,
  session: { ...receiveSettings().session, maxMessageBytes: 2_000_000 },
};

/** A body of at least so many bytes, in packets. */
function bodyPackets(bytes: number, text = line): Buffer[] {
  const chunk = text.repeat(Math.floor(bodyChunkBytes / text.length));
  return Array.from({ length: Math.ceil(bytes / chunk.length) }, () => packet('b', chunk));
}

function answering(atEnd: Answers): (heard: { readonly letter: string }) => Answers {
  return ({ letter }) => (letter === 'E' ? [...atEnd, goOnPacket] : [goOnPacket]);
}

test('a large body goes to a milter in whole chunks, and SKIP ends it', async (t) => {
  const milter = await ScriptedMilter.start(t);
  const fixture = await receiverWith(t, [milter], { settings });
  const body = line.repeat(6_000);
  await sendMessage(await greeted(fixture), { content: `Subject: x\r\n\r\n${body}` });
  const chunks =
    milter.talks[0]?.heard.filter(({ letter }) => letter === 'B').map(({ payload }) => payload) ?? [];
  assert.deepEqual(
    chunks.slice(0, -1).map(({ length }) => length),
    Array.from({ length: Math.floor(body.length / bodyChunkBytes) }, () => bodyChunkBytes),
  );
  assert.equal(Buffer.concat(chunks).toString('latin1'), body);
  milter.script = { answer: ({ letter }) => [letter === 'B' ? packet('s') : goOnPacket] };
  await sendMessage(await greeted(fixture), { content: `Subject: x\r\n\r\n${body}` });
  assert.equal(milter.talks[1]?.heard.filter(({ letter }) => letter === 'B').length, 1);
  assert.equal(milter.talks[1]?.heard.at(-1)?.letter, 'E');
});

test('a large new body is in a file, whatever the old one was', async (t) => {
  const milter = await ScriptedMilter.start(t, { answer: answering(bodyPackets(400_000)) });
  const fixture = await receiverWith(t, [milter, milter], { settings });
  for (const [at, size] of [10, 300_000].entries()) {
    const content = `Subject: x\r\n\r\n${'old body\r\n'.repeat(size / 10)}`;
    assert.match((await sendMessage(await greeted(fixture), { content })).at(-1) ?? '', /^250 /);
    const kept = fixture.spool.kept[at];
    assert.equal(kept?.large, true);
    const body = kept?.content.slice(kept.content.indexOf('\r\n\r\n') + 4) ?? '';
    assert.ok(body.length >= 400_000 && body === line.repeat(body.length / line.length));
  }
  // Of the first message the body of the first milter; of the second one the old body, too.
  assert.equal(fixture.spool.aborted, 3);
  assert.equal(fixture.memory.usedBytes, 0);
});

test('a small new body takes the place of a large one', async (t) => {
  const milter = await ScriptedMilter.start(t, { answer: answering([packet('b', 'caf\xe9\nend')]) });
  const fixture = await receiverWith(t, [milter], { settings });
  await sendMessage(await greeted(fixture), { content: `Subject: x\r\n\r\n${line.repeat(3_000)}` });
  const [kept] = fixture.spool.kept;
  assert.equal(kept?.large, false);
  assert.match(kept?.content ?? '', /\r\n\r\ncaf\xe9\r\nend\r\n$/u);
  assert.equal(kept?.envelope.body, '8BITMIME');
  assert.equal(fixture.spool.aborted, 1);
  assert.equal(fixture.memory.usedBytes, 0);
});

test('a new body that is too large, or of a milter that is lost, leaves nothing behind', async (t) => {
  for (const atEnd of [bodyPackets(3_000_000), [...bodyPackets(400_000), packet('Y')]]) {
    const milter = await ScriptedMilter.start(t, { answer: answering(atEnd) });
    const fixture = await receiverWith(t, [milter], { settings }, { onFailure: 'continue' });
    const replies = await sendMessage(await greeted(fixture));
    assert.match(replies.at(-1) ?? '', /^451 4\.3\.0/);
    assert.deepEqual(fixture.spool.kept, []);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    assert.equal(fixture.spool.aborted, 1);
    assert.equal(fixture.memory.usedBytes, 0);
  }
});

test('a new body that the disk does not take is a temporary error', async (t) => {
  const milter = await ScriptedMilter.start(t, { answer: answering(bodyPackets(400_000)) });
  const fixture = await receiverWith(t, [milter], { settings });
  const client = await greeted(fixture);
  fixture.spool.failure = new (await import('../../../src/spool/spool-error.ts')).SpoolError(
    'SPOOL_FULL',
    'the spool is full',
  );
  assert.match((await sendMessage(client)).at(-1) ?? '', /^451 4\.3\.0/);
  assert.equal(fixture.memory.usedBytes, 0);
});
