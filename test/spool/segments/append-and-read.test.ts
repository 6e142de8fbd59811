// Messages are read back as they were appended, byte for byte, through the real file system.

import assert from 'node:assert/strict';
import { readdir, rm, writeFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Envelope } from '../../../src/message/envelope.ts';
import { openSpoolReader, openSpoolWriter } from '../../../src/spool/open.ts';
import { segmentName } from '../../../src/spool/queue-id.ts';
import { mib, contentFor, envelopeFor, temporaryDirectory, writerDefaults } from '../support.ts';
import { segmentPlace, segmentRef } from '../../../src/spool/segments/segment-place.ts';

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) {
    assert.ok(piece.length <= 64 * 1024);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

test('a message is read back as it was appended, by every way of reading', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const reader = openSpoolReader({ directory });
  t.after(() => reader.close());
  const envelope: Envelope = {
    queueId: writer.newQueueId(),
    receivedAtMs: 1_763_800_000_123,
    reversePath: 'grüße@exämple.com',
    recipients: [
      { address: 'a@example.net', notify: { never: false, success: true, failure: false, delay: true } },
      { address: 'b@example.net', notify: { never: true, success: false, failure: false, delay: false } },
      { address: 'ü@example.net', originalRecipient: 'rfc822;u@example.org' },
      { address: 'd@example.net' },
    ],
    body: '8BITMIME',
    smtpUtf8: true,
    ret: 'HDRS',
    envelopeId: 'QQ314159',
    origin: { via: 'sendmail', clientAddress: '', helo: '' },
  };
  const content = contentFor(1, 150_000);
  const pieces = [content.subarray(0, 10), content.subarray(10, 10), content.subarray(10)];
  const { ref, sizeBytes } = await writer.append({ envelope, content: pieces });
  assert.equal(sizeBytes, content.length);
  const fresh = reader.readFresh(ref);
  assert.deepEqual(fresh.envelope, envelope);
  assert.equal(fresh.sizeBytes, content.length);
  assert.deepEqual(fresh.content, content);
  assert.deepEqual(await collect(fresh.stream()), content);
  const later = await reader.read(ref);
  assert.deepEqual(later.envelope, envelope);
  assert.deepEqual(later.content, content);
  assert.deepEqual(await reader.readEnvelope(ref), envelope);
  await writer.close();
});

test('messages of one commit and of many commits are stored separately, over several segments', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory, segmentBytes: 64 * 1024 });
  const reader = openSpoolReader({ directory });
  t.after(() => reader.close());
  const sent = [];
  for (let turn = 0; turn < 20; turn++) {
    const batch = Array.from({ length: 1 + turn }, (_, index) => {
      const content = contentFor(turn * 100 + index, (turn * 977 + index * 131) % 6000);
      const envelope = envelopeFor(writer.newQueueId());
      return writer.append({ envelope, content: [content] }).then(({ ref }) => ({ ref, envelope, content }));
    });
    sent.push(...(await Promise.all(batch)));
  }
  await writer.close();
  for (const { ref, envelope, content } of sent) {
    const stored = reader.readFresh(ref);
    assert.deepEqual(stored.envelope, envelope);
    assert.deepEqual(stored.content, content);
  }
  assert.equal(new Set(sent.map(({ envelope }) => envelope.queueId)).size, sent.length);
  const names = await readdir(join(directory, 'segments'));
  assert.ok(names.length > 4);
  assert.equal(names.filter((name) => name.endsWith('.index')).length * 2, names.length);
});

test('a large message is written and read as a stream', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const reader = openSpoolReader({ directory });
  t.after(() => reader.close());
  const queueId = writer.newQueueId();
  const content = contentFor(7, 3 * mib + 17);
  const large = await writer.openLarge(queueId);
  for (let at = 0; at < content.length; at += 100_000) await large.write(content.subarray(at, at + 100_000));
  assert.equal(large.sizeBytes, content.length);
  const { ref, sizeBytes } = await large.commit(envelopeFor(queueId));
  assert.equal(sizeBytes, content.length);
  const stored = await reader.read(ref);
  assert.equal(stored.content, undefined);
  assert.equal(stored.sizeBytes, content.length);
  assert.deepEqual(await collect(stored.stream()), content);
  await writer.close();
});

test('an aborted large message leaves nothing behind', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const large = await writer.openLarge(writer.newQueueId());
  await large.write(contentFor(1, 1000));
  await large.abort();
  assert.deepEqual(await readdir(join(directory, 'large')), []);
  await assert.rejects(large.write(contentFor(1, 1)), { code: 'SPOOL_WRITE_FAILED' });
  await writer.close();
});

test('without an index, a flipped bit in the content or in the envelope is an error', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const envelope = envelopeFor(writer.newQueueId());
  const { ref } = await writer.append({ envelope, content: [contentFor(3, 5000)] });
  await writer.close();
  await rm(join(directory, 'segments', `${segmentName(segmentPlace(ref).segment)}.index`));
  for (const at of [segmentPlace(ref).offset + 70, segmentPlace(ref).offset + segmentPlace(ref).length - 1]) {
    const file = await open(join(directory, 'segments', segmentName(segmentPlace(ref).segment)), 'r+');
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ 1;
    await file.write(byte, 0, 1, at);
    await file.close();
    const reader = openSpoolReader({ directory });
    assert.throws(() => reader.readFresh(ref), { code: 'SPOOL_CORRUPT' });
    await assert.rejects(reader.read(ref), { code: 'SPOOL_CORRUPT' });
    reader.close();
  }
});

test('reading a missing segment or record fails with SPOOL_MISSING', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const { ref } = await writer.append({
    envelope: envelopeFor(writer.newQueueId()),
    content: [contentFor(3, 50)],
  });
  await writer.close();
  const reader = openSpoolReader({ directory });
  t.after(() => reader.close());
  const { segment, offset, length } = segmentPlace(ref);
  const otherSegment = segmentRef(0, segment + 64, offset, length);
  assert.throws(() => reader.readFresh(otherSegment), { code: 'SPOOL_MISSING' });
  await assert.rejects(reader.read(otherSegment), { code: 'SPOOL_MISSING' });
  assert.throws(() => reader.readFresh(segmentRef(0, segment, 1_000_000, length)), { code: 'SPOOL_MISSING' });
});

test('a message that needs the reserve is refused before anything is written', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({
    ...writerDefaults,
    directory,
    reserveBytes: Number.MAX_SAFE_INTEGER,
  });
  assert.equal(writer.hasRoom(1), false);
  const envelope = envelopeFor(writer.newQueueId());
  await assert.rejects(writer.append({ envelope, content: [Buffer.from('x')] }), { code: 'SPOOL_FULL' });
  const large = await writer.openLarge(writer.newQueueId());
  await assert.rejects(large.write(Buffer.from('x')), { code: 'SPOOL_FULL' });
  await large.abort();
  await writer.close();
});

test('a directory of another format version is refused', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'format'), 'sluice-spool 99\n');
  await assert.rejects(openSpoolWriter({ ...writerDefaults, directory }), {
    code: 'SPOOL_FORMAT',
    advice: /^Start the version of Sluice that wrote this spool, so that its mail is delivered; or set spool/,
  });
});

test('queue ids differ between writers, restarts with the clock set back, and used-up counters', async (t) => {
  const directory = await temporaryDirectory(t);
  const seen = new Set<string>();
  let made = 0;
  const take = (queueId: string): void => {
    made++;
    seen.add(queueId);
  };
  for (const nowMs of [2_000_000, 1_000_000, 1_000_000]) {
    for (const slot of [1, 2]) {
      const writer = await openSpoolWriter({ ...writerDefaults, directory, slot, now: () => nowMs });
      const first = writer.newQueueId();
      assert.match(first, /^[0-9A-HJKMNP-TV-Z]{15}$/);
      take(first);
      take(writer.newQueueId());
      await writer.append({ envelope: envelopeFor(first), content: [] });
      await writer.close();
    }
  }
  const writer = await openSpoolWriter({ ...writerDefaults, directory, now: () => 1 });
  for (let index = 0; index < 2 ** 20 + 10; index++) take(writer.newQueueId());
  await writer.append({ envelope: envelopeFor(writer.newQueueId()), content: [] });
  take(writer.newQueueId());
  assert.equal(seen.size, made);
  await writer.close();
});
