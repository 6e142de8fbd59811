// A backup while the store works: between any two file operations of the backup, messages may arrive, end, be moved to other
// segments and vanish with their segments. The books are kept by the test.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { nodeTimers } from '../../../src/io/timers.ts';
import { backupSpool, type BackupResult } from '../../../src/spool/copies/backup.ts';
import { Pace } from '../../../src/spool/copies/pace.ts';
import { restoreSpool } from '../../../src/spool/copies/restore.ts';
import { type FileLayer, nodeFiles } from '../../../src/spool/file-layer.ts';
import { inspectSpool, openSpoolReader, openSpoolWriter } from '../../../src/spool/open.ts';
import type { SpoolStore, SpoolWriter, StoredMessage } from '../../../src/spool/types.ts';
import { contentFor, envelopeFor, openedStore, temporaryDirectory, writerDefaults } from '../support.ts';

const pace = new Pace({ timers: nodeTimers, bytesPerSecond: 0 });
const facts = { sluice: '0', hostname: 'a.test' };

/** A spool at work, and what is known of its messages. */
class Work {
  readonly waiting = new Map<string, Buffer>();
  readonly done = new Set<string>();
  readonly #writers: readonly SpoolWriter[];
  readonly #store: SpoolStore;
  #made = 0;
  #nowMs = Date.now();

  constructor(writers: readonly SpoolWriter[], store: SpoolStore) {
    this.#writers = writers;
    this.#store = store;
  }

  /** One message arrives; every seventh is large. */
  async arrive(): Promise<void> {
    const number = this.#made++;
    const writer = this.#writers[number % this.#writers.length]!;
    const queueId = writer.newQueueId();
    const isLarge = number % 7 === 3;
    const content = contentFor(number, isLarge ? 9_000 : 700);
    const envelope = envelopeFor(queueId, ['a@x.test', 'b@x.test']);
    let stored;
    if (isLarge) {
      const large = await writer.openLarge(queueId);
      await large.write(content);
      stored = await large.commit(envelope, Buffer.from('X: y\r\n'));
    } else stored = await writer.append({ envelope, content: [content] });
    this.#store.submitted(queueId, stored.ref, 2);
    this.waiting.set(queueId, isLarge ? Buffer.concat([Buffer.from('X: y\r\n'), content]) : content);
  }

  /** The message at this place of those that wait is delivered to both recipients. */
  async end(at: number): Promise<void> {
    const queueId = [...this.waiting.keys()][at % Math.max(1, this.waiting.size)];
    if (queueId === undefined) return;
    this.#store.settle([0, 1].map((recipient) => ({ kind: 'delivered', queueId, recipient })));
    await this.#store.flush();
    this.waiting.delete(queueId);
    this.done.add(queueId);
  }

  /** The first recipient of a message is done, and the message is held. */
  async hold(at: number): Promise<void> {
    const queueId = [...this.waiting.keys()][at % Math.max(1, this.waiting.size)];
    if (queueId === undefined) return;
    this.#store.settle([
      { kind: 'delivered', queueId, recipient: 0 },
      { kind: 'held', queueId },
    ]);
    await this.#store.flush();
  }

  async maintain(): Promise<void> {
    this.#nowMs += 60_000;
    await this.#store.maintain(this.#nowMs);
  }

  /** Several things that belong together, so that segments fill up, empty and vanish between two operations. */
  async act(choice: number): Promise<void> {
    const at = choice >>> 3;
    switch (choice % 5) {
      case 0:
        for (let count = 0; count < 8; count++) await this.arrive();
        break;
      case 1:
        await this.end(at);
        break;
      case 2:
        while (this.waiting.size > 4) await this.end(at);
        break;
      case 3:
        await this.hold(at);
        break;
      default:
        for (let count = 0; count < 4; count++) await this.maintain();
    }
  }
}

/** Does something at the work before each opening of a file by the backup. */
function disturbed(work: Work, choices: readonly number[]): FileLayer {
  let at = 0;
  return {
    ...nodeFiles,
    open: async (path, flags) => {
      const choice = choices[at++];
      if (choice !== undefined) await work.act(choice);
      return nodeFiles.open(path, flags);
    },
  };
}

async function open(spool: string): Promise<{ readonly work: Work; close(): Promise<void> }> {
  const options = { ...writerDefaults, directory: spool, segmentBytes: 4_096 };
  const writers = [
    await openSpoolWriter({ ...options, slot: 2 }),
    await openSpoolWriter({ ...options, slot: 3 }),
  ];
  // Every message that waits is moved as soon as little of its segment is left.
  const { store } = await openedStore(spool, {
    slot: 1,
    segmentBytes: 65_536,
    relocateAfterMs: 0,
    journalBytes: 2_000,
  });
  const close = async (): Promise<void> => {
    for (const writer of writers) await writer.close();
    await store.close();
  };
  return { work: new Work(writers, store), close };
}

/** The messages of a spool by queue id, read in full. @throws when anything of it is damaged */
async function messagesIn(spool: string): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const reader = openSpoolReader({ directory: spool });
  for await (const finding of inspectSpool(spool, { contents: true })) {
    if (finding.kind === 'problem') assert.fail(JSON.stringify(finding.problem));
    const { queueId, ref } = finding.message;
    found.set(queueId, await whole(await reader.read(ref)));
  }
  reader.close();
  return found;
}

async function whole(message: StoredMessage): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of message.stream()) pieces.push(piece);
  return Buffer.concat(pieces);
}

function make(
  spool: string,
  target: string,
  files = nodeFiles,
  earlier?: string,
  now = Date.now,
): Promise<BackupResult> {
  return backupSpool({ files, spool, target, earlier, pace, now, facts });
}

test('whatever happens meanwhile, a backup has what waited before and did not end, and is whole', async (t: TestContext) => {
  const folder = await temporaryDirectory(t);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 40 }),
      fc.array(fc.nat(1_000), { minLength: 0, maxLength: 150, size: 'max' }),
      async (before, choices) => {
        const spool = join(folder, `spool-${run}`);
        const target = join(folder, `backup-${run++}`);
        const { work, close } = await open(spool);
        for (let count = 0; count < before; count++) await work.arrive();
        // The clock is read at the beginning, at the time of the backup, and at the end.
        let waited = new Map<string, Buffer>();
        let doneAtTime = new Set<string>();
        let clock = 0;
        const now = (): number => {
          if (++clock === 2) [waited, doneAtTime] = [new Map(work.waiting), new Set(work.done)];
          return clock;
        };
        const files = disturbed(work, choices);
        const { problems, facts: found } = await make(spool, target, files, undefined, now);
        assert.deepEqual([problems, found.consistentAtMs, found.endedAtMs], [[], 2, 3]);
        const copied = await messagesIn(target);
        assert.equal(copied.size, found.messages);
        for (const [queueId, content] of waited) {
          if (work.done.has(queueId)) continue;
          assert.ok(copied.get(queueId)?.equals(content), `${queueId} is not in the backup`);
        }
        for (const [queueId] of copied) {
          assert.ok(work.waiting.has(queueId) || work.done.has(queueId), `${queueId} was never stored`);
          assert.ok(!doneAtTime.has(queueId), `${queueId} was done before`);
        }
        await close();
        // Another one takes over what the first has, and a store opens on what was restored of it.
        const { problems: later } = await make(spool, `${target}-later`, nodeFiles, target);
        assert.deepEqual(later, []);
        for (const name of readdirSync(join(`${target}-later`, 'large'))) {
          const isLinked = statSync(join(`${target}-later`, 'large', name)).nlink === 2;
          assert.equal(isLinked, existsSync(join(target, 'large', name)));
        }
        assert.deepEqual(
          [...(await messagesIn(`${target}-later`)).keys()].sort(),
          [...work.waiting.keys()].sort(),
        );
        rmSync(target, { recursive: true });
        const restored = join(folder, `restored-${run}`);
        await restoreSpool({
          files: nodeFiles,
          backup: `${target}-later`,
          spool: restored,
          isHeld: false,
          pace,
        });
        const { store, messages, problems: atStart } = await openedStore(restored);
        assert.deepEqual(atStart, []);
        assert.deepEqual(messages.map(({ queueId }) => queueId).sort(), [...work.waiting.keys()].sort());
        await store.close();
      },
    ),
    { numRuns: 8, endOnFailure: true },
  );
});

test('outcomes, holds and refusals of the time of the backup are in it', async (t) => {
  const folder = await temporaryDirectory(t);
  const spool = join(folder, 'spool');
  const { work, close } = await open(spool);
  for (let count = 0; count < 3; count++) await work.arrive();
  await work.hold(1);
  const [first = '', second = ''] = work.waiting.keys();
  await make(spool, join(folder, 'backup'));
  await close();
  const { messages, store } = await openedStore(join(folder, 'backup'));
  const state = new Map(messages.map((each) => [each.queueId, each]));
  assert.deepEqual([state.get(first)?.held, state.get(first)?.waiting.length], [false, 2]);
  assert.deepEqual(
    [state.get(second)?.held, state.get(second)?.waiting.map(({ address }) => address)],
    [true, ['b@x.test']],
  );
  await store.close();
});

test('a restore that holds the mail holds all of it, and one with finished recipients leaves them out', async (t) => {
  const folder = await temporaryDirectory(t);
  const spool = join(folder, 'spool');
  const { work, close } = await open(spool);
  for (let count = 0; count < 4; count++) await work.arrive();
  await close();
  const ids = [...work.waiting.keys()];
  await make(spool, join(folder, 'backup'));
  const finished = async function* (): AsyncGenerator<{ queueId: string; address: string }> {
    await Promise.resolve();
    yield { queueId: ids[0]!, address: 'a@x.test' };
    for (const address of ['a@x.test', 'b@x.test', 'b@x.test']) yield { queueId: ids[3]!, address };
    yield { queueId: ids[1]!, address: 'somebody@else.test' };
    yield { queueId: '038H88VBV820006', address: 'a@x.test' };
  };
  const result = await restoreSpool({
    files: nodeFiles,
    backup: join(folder, 'backup'),
    spool: join(folder, 'restored'),
    isHeld: true,
    finished: finished(),
    pace,
  });
  assert.deepEqual([result.messages, result.recipients, result.leftOut], [3, 5, 3]);
  assert.deepEqual(readdirSync(join(folder, 'restored', 'large')), []);
  const { messages, problems, store } = await openedStore(join(folder, 'restored'));
  assert.deepEqual(problems, []);
  assert.deepEqual(
    messages.map(({ held, queueId, waiting }) => [held, queueId, waiting.map(({ index }) => index)]),
    [
      [true, ids[0], [1]],
      [true, ids[1], [0, 1]],
      [true, ids[2], [0, 1]],
    ].toSorted(),
  );
  await store.close();
});

test('what a backup cannot overwrite, and a folder that is no spool or no backup, is refused', async (t) => {
  const folder = await temporaryDirectory(t);
  const spool = join(folder, 'spool');
  const target = join(folder, 'backup');
  await assert.rejects(make(spool, target), { code: 'SPOOL_FORMAT' });
  const { close } = await open(spool);
  await close();
  await assert.rejects(make(spool, target, nodeFiles, spool), { code: 'BACKUP_INCOMPLETE' });
  mkdirSync(`${target}.incomplete`);
  writeFileSync(join(`${target}.incomplete`, 'mine'), '');
  await assert.rejects(make(spool, target), { code: 'COPY_EXISTS' });
  assert.deepEqual(readdirSync(`${target}.incomplete`), ['mine']);
  mkdirSync(target);
  await assert.rejects(make(spool, target), { code: 'COPY_EXISTS' });
});

test('where the disk becomes full or fails at any write, nothing is left, and the spool is as it was', async (t) => {
  const folder = await temporaryDirectory(t);
  const spool = join(folder, 'spool');
  const { work, close } = await open(spool);
  for (let count = 0; count < 20; count++) await work.arrive();
  await close();
  let failsAt = Infinity;
  let writes = 0;
  const files: FileLayer = {
    ...nodeFiles,
    writev: (fd, buffers, position, done) => {
      if (writes++ !== failsAt) nodeFiles.writev(fd, buffers, position, done);
      else done(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }), 0);
    },
  };
  await make(spool, join(folder, 'whole'), files);
  const all = writes;
  assert.ok(all > 20);
  for (failsAt = 0; failsAt < all; failsAt += 3) {
    writes = 0;
    await assert.rejects(make(spool, join(folder, 'backup'), files), {
      code: 'COPY_FAILED',
      message: /^Writing .*backup: .*ENOSPC/,
    });
    assert.deepEqual(readdirSync(folder).sort(), ['spool', 'whole']);
  }
  assert.equal((await messagesIn(spool)).size, 20);
});
