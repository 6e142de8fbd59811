// Spools with known mail, of which tests damage copies and rescue what is left.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { nodeTimers } from '../../../src/io/timers.ts';
import { Pace } from '../../../src/spool/copies/pace.ts';
import { rescueSpool, type RescueResult } from '../../../src/spool/copies/rescue.ts';
import { findingText, type RescueFinding } from '../../../src/spool/copies/rescue-report.ts';
import { type FileLayer, nodeFiles } from '../../../src/spool/file-layer.ts';
import { inspectSpool, openSpoolReader, openSpoolWriter } from '../../../src/spool/open.ts';
import { segmentName } from '../../../src/spool/queue-id.ts';
import { encodeRecord, kindMessage, stampRecord } from '../../../src/spool/segments/record.ts';
import { contentFor, envelopeFor, openedStore, writerDefaults } from '../support.ts';

const pace = new Pace({ timers: nodeTimers, bytesPerSecond: 0 });

export interface Stored {
  readonly queueId: string;
  readonly content: Buffer;
  /** Where its record is. */
  readonly segment: string;
  readonly offset: number;
  readonly length: number;
  readonly isLarge: boolean;
}

/** A record as Sluice writes it, but for the tag, which is secret. */
function forged(queueId: string): Buffer {
  const content = Buffer.from('Subject: forged\r\n\r\nsend me\r\n');
  const head = encodeRecord(
    envelopeFor(queueId, ['victim@x.test']),
    kindMessage,
    content.length,
    content.length,
    crc32(content),
  );
  stampRecord(head, 1, 0x41414141);
  return Buffer.concat([head, content, Buffer.alloc(-(head.length + content.length) & 7)]);
}

/** A content with forged records at every alignment. */
function hostileContent(seed: number, queueIds: readonly string[]): Buffer {
  const parts: Buffer[] = [contentFor(seed, 40)];
  for (let shift = 0; shift < 8; shift++) {
    parts.push(Buffer.alloc(1, 65), ...queueIds.map(forged));
  }
  return Buffer.concat(parts);
}

export interface Spool {
  readonly folder: string;
  readonly spool: string;
  readonly stored: readonly Stored[];
  /** Ids of messages that were delivered. */
  readonly done: ReadonlySet<string>;
}

/** A spool of several segments, with mail of every kind; the last segment has no index. */
export async function spoolIn(folder: string, messages = 40): Promise<Spool> {
  const spool = join(folder, 'spool');
  const writer = await openSpoolWriter({ ...writerDefaults, directory: spool, segmentBytes: 16_384 });
  const { store } = await openedStore(spool);
  const stored: Stored[] = [];
  const done = new Set<string>();
  for (let number = 0; number < messages; number++) {
    const queueId = writer.newQueueId();
    const envelope = envelopeFor(queueId, ['a@x.test', 'b@x.test']);
    const isLarge = number % 8 === 5;
    const isHostile = number % 4 === 2;
    const guessed = [queueId, '038H88VBV820ZZZ'];
    let content = isHostile ? hostileContent(number, guessed) : contentFor(number, 300 + 97 * (number % 7));
    let ref;
    if (isLarge) {
      const large = await writer.openLarge(queueId);
      await large.write(content);
      ({ ref } = await large.commit(envelope, Buffer.from('Received: here\r\n')));
      content = Buffer.concat([Buffer.from('Received: here\r\n'), content]);
    } else ({ ref } = await writer.append({ envelope, content: [content] }));
    const [segment = 0, offset = 0, length = 0] = ref.place;
    stored.push({ queueId, content, segment: segmentName(segment), offset, length, isLarge });
    store.submitted(queueId, ref, 2);
    store.settle([{ kind: 'delivered', queueId, recipient: 0 }]);
    if (number % 9 !== 4) continue;
    store.settle([{ kind: 'delivered', queueId, recipient: 1 }]);
    done.add(queueId);
  }
  await writer.close();
  await store.close();
  rmSync(join(spool, 'segments', `${stored.at(-1)?.segment ?? ''}.index`));
  return { folder, spool, stored, done };
}

/** Names, lengths and contents of all files of a folder. */
export function fingerprint(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true }).map(String).toSorted()) {
    const path = join(folder, name);
    hash.update(`${name}\0`);
    if (statSync(path).isFile()) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

interface Rescued extends RescueResult {
  readonly found: ReadonlyMap<string, Buffer>;
  readonly heldCount: number;
  readonly findings: readonly RescueFinding[];
  readonly uncertainNames: readonly string[];
}

/** Rescues, and reads the new spool in full: it must be whole. */
export async function rescue(
  spool: string,
  target: string,
  options: { readonly also?: readonly string[]; readonly files?: FileLayer } = {},
): Promise<Rescued> {
  const findings: RescueFinding[] = [];
  const { also = [], files = nodeFiles } = options;
  const result = await rescueSpool({
    files,
    spool,
    target,
    also,
    isHeld: false,
    pace,
    report: (finding) => findings.push(finding),
  });
  for (const finding of findings) assert.ok(findingText(finding).length > 10);
  const found = new Map<string, Buffer>();
  let heldCount = 0;
  const directory = join(target, 'spool');
  const reader = openSpoolReader({ directory });
  for await (const finding of inspectSpool(directory, { contents: true })) {
    if (finding.kind === 'problem') assert.fail(JSON.stringify(finding.problem));
    const { held, queueId, ref } = finding.message;
    const pieces: Uint8Array[] = [];
    for await (const piece of (await reader.read(ref)).stream()) pieces.push(piece);
    found.set(queueId, Buffer.concat(pieces));
    if (held) heldCount++;
  }
  reader.close();
  assert.equal(found.size, result.messages);
  const uncertain = join(target, 'uncertain');
  return {
    ...result,
    found,
    heldCount,
    findings,
    uncertainNames: existsSync(uncertain) ? readdirSync(uncertain) : [],
  };
}

/** One kind of damage to a file of the spool, at a place from 0 to 1. */
interface Damage {
  readonly kind: 'flip' | 'random' | 'zeros' | 'cut' | 'swap' | 'remove';
  readonly file: number;
  readonly at: number;
  readonly bytes: number;
}

export const damages: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('flip', 'flip', 'random', 'zeros', 'cut', 'swap', 'remove'),
  file: fc.double({ min: 0, max: 0.999, noNaN: true }),
  at: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.999, noNaN: true })),
  bytes: fc.integer({ min: 1, max: 6_000 }),
});

export function damage(spool: string, { kind, file, at, bytes }: Damage): void {
  const files = ['segments', 'large'].flatMap((folder) =>
    readdirSync(join(spool, folder)).map((name) => join(spool, folder, name)),
  );
  const path = files[Math.floor(file * files.length)];
  if (path === undefined) return;
  const content = readFileSync(path);
  const from = Math.floor(at * content.length);
  const to = Math.min(content.length, from + bytes);
  switch (kind) {
    case 'flip':
      if (from < content.length) content.writeUInt8((content[from] ?? 0) ^ 0x10, from);
      break;
    case 'random':
      contentFor(bytes, to - from).copy(content, from);
      break;
    case 'zeros':
      content.fill(0, from, to);
      break;
    case 'cut':
      return writeFileSync(path, content.subarray(0, from));
    case 'swap': {
      const blocks = Math.floor(content.length / 4096);
      if (blocks < 2) return;
      const [one, other] = [Math.floor(at * blocks) * 4096, (bytes % blocks) * 4096];
      const kept = Buffer.from(content.subarray(one, one + 4096));
      content.copy(content, one, other, other + 4096);
      kept.copy(content, other);
      break;
    }
    case 'remove':
      return rmSync(path);
  }
  writeFileSync(path, content);
}

/** True if neither the record nor the large file of a message was touched. */
export function isUntouched(
  { spool }: Spool,
  original: string,
  { queueId, segment, offset, length, isLarge }: Stored,
): boolean {
  const read = (folder: string, ...names: string[]): Buffer => {
    const path = join(folder, ...names);
    return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  };
  const record = (folder: string): Buffer =>
    read(folder, 'segments', segment).subarray(offset, offset + length);
  if (!record(spool).equals(record(original))) return false;
  return !isLarge || read(spool, 'large', queueId).equals(read(original, 'large', queueId));
}
