// Messages that are stored compressed: which, how they are read, and what damage does.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { crc32, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import {
  inspectSpool,
  openSalvager,
  openSpoolReader,
  openSpoolWriter,
  type SpoolStoreOptions,
} from '../../../src/spool/open.ts';
import { segmentName } from '../../../src/spool/queue-id.ts';
import {
  codecNone,
  codecZstd,
  decompressed,
  maxCompressedMessageBytes,
  readableBeginning,
} from '../../../src/spool/segments/content-codec.ts';
import {
  encodeRecord,
  headerBytes,
  kindLarge,
  kindMessage,
  parseHead,
  stampRecord,
  uncheckedHead,
  type RecordHead,
} from '../../../src/spool/segments/record.ts';
import { segmentPlace } from '../../../src/spool/segments/segment-place.ts';
import type { StoredRef } from '../../../src/spool/types.ts';
import {
  contentFor,
  envelopeFor,
  openedStore,
  temporaryDirectory,
  textFor,
  writerDefaults,
} from '../support.ts';

interface Stored {
  readonly directory: string;
  readonly queueId: string;
  readonly ref: StoredRef;
  /** Path of its segment. */
  readonly segment: string;
}

async function stored(
  t: TestContext,
  content: Buffer,
  options: { compressionLevel?: number } = { compressionLevel: 1 },
): Promise<Stored> {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory, ...options });
  const queueId = writer.newQueueId();
  const prefix = content.subarray(0, 20);
  const { ref, sizeBytes } = await writer.append({
    envelope: envelopeFor(queueId),
    prefix,
    content: [content.subarray(20, 30), content.subarray(30)],
  });
  assert.equal(sizeBytes, content.length);
  await writer.close();
  const segment = join(directory, 'segments', segmentName(segmentPlace(ref).segment));
  return { directory, queueId, ref, segment };
}

/** The stored record of a message. */
function recordOf({ segment, ref }: Stored): { readonly bytes: Buffer; readonly head: RecordHead } {
  const { offset, length } = segmentPlace(ref);
  const bytes = Buffer.alloc(length);
  readSync(openSync(segment, 'r'), bytes, 0, length, offset);
  const head = parseHead(bytes, 0);
  assert.ok(head !== undefined);
  return { bytes, head };
}

/** The message as every way of reading gives it. */
async function readAll({ directory, ref }: Stored): Promise<Buffer[]> {
  const reader = openSpoolReader({ directory });
  const found = [reader.readFresh(ref), await reader.read(ref)];
  const streamed = await Array.fromAsync(found[0]!.stream());
  reader.close();
  return [...found.map(({ content }) => Buffer.from(content!)), Buffer.concat(streamed)];
}

suite('which messages are compressed', () => {
  for (const [what, content, codec] of [
    ['a text', textFor(1, 5_000), codecZstd],
    ['a text that another thread compresses', textFor(2, 900_000), codecZstd],
    ['bytes that do not shrink', contentFor(3, 5_000), codecNone],
    ['bytes that do not shrink, which another thread tries', contentFor(4, 300_000), codecNone],
    ['a short text', textFor(5, 200), codecNone],
    ['a text that is too long', textFor(6, maxCompressedMessageBytes + 1), codecNone],
    ['the longest text', textFor(7, maxCompressedMessageBytes), codecZstd],
  ] as const) {
    test(`${what}: ${codec === codecZstd ? 'compressed' : 'as it is'}`, async (t) => {
      const spool = await stored(t, content);
      const { bytes, head } = recordOf(spool);
      assert.deepEqual([head.codec, head.sizeBytes], [codec, content.length]);
      if (codec === codecZstd) assert.ok(bytes.length < content.length * 0.75, `${bytes.length} bytes`);
      for (const found of await readAll(spool)) assert.ok(found.equals(content));
    });
  }

  test('without a level none is', async (t) => {
    const spool = await stored(t, textFor(1, 5_000), {});
    assert.equal(recordOf(spool).head.codec, codecNone);
  });

  test('a higher level makes them shorter', async (t) => {
    const content = Buffer.from(readFileSync(import.meta.filename));
    const [fast, small] = [await stored(t, content), await stored(t, content, { compressionLevel: 19 })];
    assert.ok(recordOf(small).bytes.length < recordOf(fast).bytes.length);
    for (const found of await readAll(small)) assert.ok(found.equals(content));
  });
});

test('messages that another thread compresses when the writer is closed are stored', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory, compressionLevel: 1 });
  const appended = [1, 2, 3].map((seed) =>
    writer.append({ envelope: envelopeFor(writer.newQueueId()), content: [textFor(seed, 200_000)] }),
  );
  await writer.close();
  const reader = openSpoolReader({ directory });
  for (const [index, each] of appended.entries()) {
    const { content } = await reader.read((await each).ref);
    assert.ok(textFor(index + 1, 200_000).equals(content!));
  }
  reader.close();
  const late = writer.append({ envelope: envelopeFor(writer.newQueueId()), content: [textFor(4, 200_000)] });
  await assert.rejects(late, { code: 'SPOOL_NOT_OPEN' });
});

test('mail that waits long is moved as it is stored, and read from its new place', async (t) => {
  const content = textFor(1, 5_000);
  const spool = await stored(t, content);
  const { directory, queueId } = spool;
  // Another writer of the same slot has a newer segment, so that nothing is added to the first one.
  const next = await openSpoolWriter({ ...writerDefaults, directory });
  const options: Partial<SpoolStoreOptions> = { relocateAfterMs: 0 };
  const { store, messages } = await openedStore(directory, options);
  assert.deepEqual(
    messages.map((each) => [each.queueId, each.sizeBytes]),
    [[queueId, content.length]],
  );
  await store.maintain(Date.now() + 3_600_000);
  const ref = store.locate(queueId)!;
  assert.notDeepEqual(ref, spool.ref);
  const moved = {
    ...spool,
    ref,
    segment: join(directory, 'segments', segmentName(segmentPlace(ref).segment)),
  };
  assert.equal(recordOf(moved).head.codec, codecZstd);
  for (const found of await readAll(moved)) assert.ok(found.equals(content));
  await next.close();
  await store.close();
});

suite('a damaged one', () => {
  const content = Buffer.concat([Buffer.from('Received: from here\r\n\r\n'), textFor(1, 400_000)]);

  async function salvaged({ directory, queueId, ref }: Stored): Promise<[Buffer, readonly string[]]> {
    const salvager = openSalvager({ directory });
    const { stream, faults } = await salvager.salvage(queueId, ref);
    const pieces = await Array.fromAsync(stream());
    salvager.close();
    return [Buffer.concat(pieces), faults];
  }

  function flip({ segment }: Stored, at: number): void {
    const bytes = readFileSync(segment);
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(segment, bytes);
  }

  test('is never delivered, and found by an inspection', async (t) => {
    const short = await stored(t, textFor(9, 600));
    const { head } = recordOf(short);
    const start = segmentPlace(short.ref).offset + headerBytes + head.envelopeLength;
    for (let at = 0; at < head.contentLength; at += 7) {
      flip(short, start + at);
      await assert.rejects(readAll(short), { code: 'SPOOL_CORRUPT' });
      flip(short, start + at);
    }
    flip(short, start + 100);
    const kinds: string[] = [];
    for await (const finding of inspectSpool(short.directory, { contents: true })) kinds.push(finding.kind);
    assert.ok(kinds.includes('problem'), kinds.join(', '));
  });

  test('is shown as far as it can be decompressed', async (t) => {
    const spool = await stored(t, content);
    assert.deepEqual(await salvaged(spool), [content, []]);
    const { offset, length } = segmentPlace(spool.ref);
    flip(spool, offset + length - 10_000);
    const [found, faults] = await salvaged(spool);
    assert.ok(found.length >= 128 * 1024, `${found.length} bytes`);
    assert.ok(found.subarray(0, 128 * 1024).equals(content.subarray(0, 128 * 1024)));
    assert.match(faults.join(' '), /does not match.* is stored compressed: [0-9]+ bytes could be/u);
  });

  test('is shown although the header of its record cannot be read', async (t) => {
    const spool = await stored(t, content);
    await rm(`${spool.segment}.index`);
    const { offset } = segmentPlace(spool.ref);
    const bytes = readFileSync(spool.segment).fill(0xff, offset, offset + headerBytes);
    writeFileSync(spool.segment, bytes);
    const [found, faults] = await salvaged(spool);
    assert.ok(found.equals(content));
    assert.match(faults.join(' '), /envelope is damaged.*is a guess.*unknown whether/u);
  });
});

suite('sizes that lie', () => {
  const envelope = envelopeFor('036NANGK0030011');
  const record = (kind: number, size: number, storedBytes: number): Buffer => {
    const head = encodeRecord(envelope, kind, size, storedBytes, 0, undefined, codecZstd);
    stampRecord(head, 8, 1);
    return head;
  };

  test('make no record of a message that no writer compresses', () => {
    const limit = maxCompressedMessageBytes;
    assert.ok(parseHead(record(kindMessage, limit, 10), 0));
    for (const head of [
      record(kindMessage, limit + 1, 10),
      record(kindMessage, 10, 10),
      record(kindLarge, 10, 0),
    ]) {
      assert.equal(parseHead(head, 0), undefined);
      assert.equal(uncheckedHead(head, 0), undefined);
    }
  });

  test('make no more memory than the header says', () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024));
    assert.ok(bomb.length < 10_000);
    assert.equal(decompressed(bomb, 100_000), undefined);
    assert.equal(decompressed(bomb, maxCompressedMessageBytes), undefined);
  });

  test('make no more of a damaged message than one may have', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024));
    assert.equal((await readableBeginning(bomb)).length, maxCompressedMessageBytes);
  });

  test('of any bytes end as damage', async () => {
    const good = zstdCompressSync(textFor(1, 3_000));
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, change]) => {
        const bytes = Buffer.from(good);
        bytes[at] = bytes[at]! ^ change;
        return bytes;
      }),
    );
    await fc.assert(
      fc.asyncProperty(hostile, fc.nat(10_000), async (bytes, size) => {
        const found = decompressed(bytes, size);
        assert.ok(found === undefined || found.length === size);
        assert.ok((await readableBeginning(bytes)).length <= maxCompressedMessageBytes);
      }),
      { numRuns: 300 },
    );
  });
});

test('what is stored is what the program zstd reads and writes', async (t) => {
  try {
    execFileSync('zstd', ['--version']);
  } catch {
    t.skip('there is no program zstd');
    return;
  }
  const content = textFor(1, 5_000);
  const { bytes, head } = recordOf(await stored(t, content));
  const inRecord = bytes.subarray(headerBytes + head.envelopeLength);
  assert.equal(crc32(inRecord), head.contentCrc);
  assert.ok(content.equals(execFileSync('zstd', ['-d', '-q', '-c'], { input: inRecord })));
  const theirs = execFileSync('zstd', ['-q', '-c'], { input: content });
  assert.ok(decompressed(theirs, content.length)?.equals(content));
});
