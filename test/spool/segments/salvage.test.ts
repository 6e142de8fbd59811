// The readable parts of a damaged message are returned, and the damaged parts are named.

import assert from 'node:assert/strict';
import { open, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { FileLayer } from '../../../src/spool/file-layer.ts';
import { nodeFiles } from '../../../src/spool/file-layer.ts';
import { inspectSpool, openSalvager, openSpoolWriter } from '../../../src/spool/open.ts';
import { segmentName } from '../../../src/spool/queue-id.ts';
import type { StoredRef } from '../../../src/spool/types.ts';
import { contentFor, envelopeFor, temporaryDirectory, writerDefaults } from '../support.ts';
import { segmentPlace } from '../../../src/spool/segments/segment-place.ts';

const content = Buffer.concat([Buffer.from('Received: from here\r\n\r\n'), contentFor(1, 150_000)]);
const headerBytes = 64;

interface Stored {
  readonly directory: string;
  readonly queueId: string;
  readonly ref: StoredRef;
  /** Path of the segment. */
  readonly segment: string;
  readonly large: string;
}

/** @param isSealed - keeps the index, which has a copy of the envelope */
async function stored(
  t: TestContext,
  { isLarge = false, isSealed = false, octets = content, prefixBytes = 0 } = {},
): Promise<Stored> {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const queueId = writer.newQueueId();
  const envelope = envelopeFor(queueId);
  let ref: StoredRef;
  if (isLarge) {
    const large = await writer.openLarge(queueId);
    await large.write(octets.subarray(prefixBytes));
    ({ ref } = await large.commit(envelope, octets.subarray(0, prefixBytes)));
  } else ({ ref } = await writer.append({ envelope, content: [octets] }));
  await writer.close();
  const segment = join(directory, 'segments', segmentName(segmentPlace(ref).segment));
  if (!isSealed) await rm(`${segment}.index`, { force: true });
  return { directory, queueId, ref, segment, large: join(directory, 'large', queueId) };
}

async function flip(file: string, at: number): Promise<void> {
  const handle = await open(file, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 0xff;
  await handle.write(byte, 0, 1, at);
  await handle.close();
}

async function salvaged({ directory, queueId, ref }: Stored, files: FileLayer = nodeFiles) {
  const salvager = openSalvager({ directory, files });
  const message = await salvager.salvage(queueId, ref);
  const pieces: Uint8Array[] = [];
  for await (const piece of message.stream()) pieces.push(piece);
  salvager.close();
  return { octets: Buffer.concat(pieces), envelope: message.envelope, faults: message.faults };
}

for (const isLarge of [false, true]) {
  const what = isLarge ? 'a large message' : 'a message';
  const fileOf = (spool: Stored): string => (isLarge ? spool.large : spool.segment);
  const startOf = ({ ref }: Stored): number =>
    isLarge ? 0 : segmentPlace(ref).offset + segmentPlace(ref).length - content.length;

  test(`${what} that is intact is returned as it was written, without a fault`, async (t) => {
    const spool = await stored(t, { isLarge });
    const { octets, envelope, faults } = await salvaged(spool);
    assert.deepEqual(faults, []);
    assert.ok(octets.equals(content));
    assert.deepEqual(envelope, envelopeFor(spool.queueId));
  });

  test(`${what} with a flipped byte is returned whole, with a fault`, async (t) => {
    const spool = await stored(t, { isLarge });
    await flip(fileOf(spool), startOf(spool) + 70_000);
    const { octets, envelope, faults } = await salvaged(spool);
    assert.equal(envelope?.reversePath, 'alice@example.com');
    assert.deepEqual(faults, [
      'The checksum of its content does not match: some of its bytes are not as they were written.',
    ]);
    assert.equal(octets.length, content.length);
    assert.equal(octets.compare(content, 0, 70_000, 0, 70_000), 0);
  });

  test(`${what} that was cut short is returned up to the cut`, async (t) => {
    const spool = await stored(t, { isLarge });
    await truncate(fileOf(spool), startOf(spool) + 100_000);
    const { octets, faults } = await salvaged(spool);
    assert.deepEqual(faults, [`Only 100000 of the ${content.length} bytes of its content are there.`]);
    assert.ok(octets.equals(content.subarray(0, 100_000)));
  });

  test(`${what} of which the disk cannot read a part is returned without that part`, async (t) => {
    const spool = await stored(t, { isLarge });
    const bad = startOf(spool) + 65_536;
    const files: FileLayer = {
      ...nodeFiles,
      read: (fd, buffer, offset, length, position, done) => {
        if (length > 2_000 && position <= bad && bad < position + length) {
          done(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' }), 0);
        } else nodeFiles.read(fd, buffer, offset, length, position, done);
      },
    };
    const { octets, faults } = await salvaged(spool, files);
    assert.deepEqual(faults, [
      'Bytes 65536 to 131071 of its content cannot be read from the disk: they are left out.',
    ]);
    assert.ok(octets.equals(Buffer.concat([content.subarray(0, 65_536), content.subarray(131_072)])));
  });

  test(`${what} whose file is gone has no octet, and its envelope as far as there is a copy`, async (t) => {
    const spool = await stored(t, { isLarge });
    await rm(fileOf(spool));
    const { octets, envelope, faults } = await salvaged(spool);
    assert.equal(octets.length, 0);
    assert.equal(envelope === undefined, !isLarge);
    assert.match(faults.at(-1) ?? '', /^Its content is gone: there is no (?:file|segment) /);
  });

  test(`${what} whose envelope is damaged is returned with its whole content`, async (t) => {
    const spool = await stored(t, { isLarge });
    await flip(spool.segment, segmentPlace(spool.ref).offset + headerBytes + 5);
    const { octets, envelope, faults } = await salvaged(spool);
    assert.ok(octets.equals(content));
    assert.equal(envelope, undefined);
    assert.deepEqual(faults, ['Its envelope is damaged, and no copy of it is left.']);
  });
}

const prefixBytes = 24;

for (const isSealed of [false, true]) {
  const copy = isSealed ? 'with an index' : 'without an index';
  test(`a large message is returned with its prefix, ${copy}`, async (t) => {
    const spool = await stored(t, { isLarge: true, isSealed, prefixBytes });
    const { octets, faults } = await salvaged(spool);
    assert.deepEqual(faults, []);
    assert.ok(octets.equals(content));
  });

  test(`a flipped byte in the prefix of a large message is a fault, ${copy}`, async (t) => {
    const spool = await stored(t, { isLarge: true, isSealed, prefixBytes });
    const { offset, length } = segmentPlace(spool.ref);
    await flip(spool.segment, offset + length - prefixBytes);
    const { octets, faults } = await salvaged(spool);
    assert.deepEqual(faults, [
      'The checksum of its added header does not match: some of its bytes are not as they were written.',
    ]);
    assert.equal(octets.length, content.length);
    assert.ok(octets.subarray(1).equals(content.subarray(1)));
    const found: string[] = [];
    for await (const finding of inspectSpool(spool.directory, { contents: true })) {
      if (finding.kind === 'problem') found.push(finding.problem.text);
    }
    assert.match(found.join('\n'), /the checksum of the prefix|is not whole/);
  });
}

test('when even the lengths are lost, the prefix of a large message is found by its first header field', async (t) => {
  const spool = await stored(t, { isLarge: true, prefixBytes });
  await flip(spool.segment, segmentPlace(spool.ref).offset + 56);
  const { octets, faults } = await salvaged(spool);
  assert.ok(octets.equals(content));
  assert.match(faults.join('\n'), /Where its added header begins is a guess/);
});

test('when the segment is gone, a large message is returned without its prefix', async (t) => {
  const spool = await stored(t, { isLarge: true, isSealed: true, prefixBytes });
  await rm(spool.segment);
  const { octets, envelope, faults } = await salvaged(spool);
  assert.deepEqual(envelope, envelopeFor(spool.queueId));
  assert.ok(octets.equals(content.subarray(prefixBytes)));
  assert.match(faults.join('\n'), /^The header fields that were added to it are gone/);
});

test('when even the lengths are lost, the content is found by its first header field', async (t) => {
  const spool = await stored(t);
  await flip(spool.segment, segmentPlace(spool.ref).offset + 56);
  const { octets, faults } = await salvaged(spool);
  assert.ok(octets.equals(content));
  assert.equal(faults.length, 3);
  assert.match(faults.join('\n'), /Where its content begins is a guess/);
  assert.match(faults.join('\n'), /It is unknown whether its content/);
});

test('the record of another message is not returned for it', async (t) => {
  const spool = await stored(t);
  const { envelope } = await salvaged({ ...spool, queueId: `${spool.queueId.slice(0, -1)}9` });
  assert.equal(envelope, undefined);
});

test('missing permission is an error, and not damage', async (t) => {
  const spool = await stored(t);
  const denied = Object.assign(new Error('EACCES: permission denied, open'), { code: 'EACCES' });
  const files: FileLayer = { ...nodeFiles, open: () => Promise.reject(denied) };
  await assert.rejects(salvaged(spool, files), { code: 'SPOOL_DENIED' });
});
