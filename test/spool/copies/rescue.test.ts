// Rescues of spools that were damaged in every way that a disk or a person damages files. What was stored is known, so it is known
// which messages the damage has not touched: these must be rescued, as they were, and nothing else may be.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { findingText } from '../../../src/spool/copies/rescue-report.ts';
import { type FileLayer, nodeFiles } from '../../../src/spool/file-layer.ts';
import { inspectSpool, openSpoolWriter } from '../../../src/spool/open.ts';
import { envelopeFor, openedStore, temporaryDirectory, writerDefaults } from '../support.ts';
import {
  damage,
  damages,
  fingerprint,
  isUntouched,
  rescue,
  type Spool,
  spoolIn,
  type Stored,
} from './damaged-spool.ts';

test('whatever is damaged, all that is not is rescued as it was, nothing else is, and the source stays as it is', async (t) => {
  const folder = await temporaryDirectory(t);
  const made = await spoolIn(folder);
  const original = join(folder, 'original');
  renameSync(made.spool, original);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(damages, { minLength: 1, maxLength: 6 }), async (list) => {
      cpSync(original, made.spool, { recursive: true });
      for (const each of list) damage(made.spool, each);
      const before = fingerprint(made.spool);
      const target = join(folder, `rescued-${run++}`);
      const { found, findings, uncertainNames } = await rescue(made.spool, target);
      assert.equal(fingerprint(made.spool), before);
      const known = new Map(made.stored.map((each) => [each.queueId, each]));
      for (const [queueId, content] of found) {
        assert.ok(known.get(queueId)?.content.equals(content), `${queueId} was never stored like this`);
        assert.ok(!made.done.has(queueId), `${queueId} was delivered`);
      }
      for (const each of made.stored) {
        if (made.done.has(each.queueId) || found.has(each.queueId)) continue;
        if (!isUntouched(made, original, each)) continue;
        const isHopeless = findings.some(
          (finding) =>
            finding.kind === 'file' &&
            finding.file === `segments/${each.segment}` &&
            finding.why.includes('nothing in it is certain'),
        );
        const isUncertain = uncertainNames.some((name) => name.startsWith(each.queueId));
        assert.ok(isHopeless && (isUncertain || each.isLarge), `${each.queueId} is not rescued`);
      }
      rmSync(made.spool, { recursive: true });
      rmSync(target, { recursive: true });
    }),
    { numRuns: 25, endOnFailure: true },
  );
});

suite('a rescue', { concurrency: 2 }, () => {
  /** The path of a segment with its messages. */
  function firstSegment({ spool, stored }: Spool): {
    readonly path: string;
    readonly messages: readonly Stored[];
  } {
    const name = stored[0]?.segment ?? '';
    return {
      path: join(spool, 'segments', name),
      messages: stored.filter(({ segment }) => segment === name),
    };
  }

  async function made(t: TestContext, messages?: number): Promise<Spool> {
    return spoolIn(await temporaryDirectory(t), messages);
  }

  test('of a whole spool has all that waits, with what became of its recipients', async (t) => {
    const here = await made(t);
    const { found, findings, damaged, recipients } = await rescue(here.spool, join(here.folder, 'out'));
    assert.deepEqual([findings, damaged], [[], 0]);
    const waiting = here.stored.filter(({ queueId }) => !here.done.has(queueId));
    assert.deepEqual([...found.keys()].sort(), waiting.map(({ queueId }) => queueId).sort());
    // The first recipient of each has got it.
    assert.equal(recipients, waiting.length);
    const { messages, problems, store } = await openedStore(join(here.folder, 'out', 'spool'));
    assert.deepEqual([problems, messages.length], [[], waiting.length]);
    assert.ok(messages.every(({ waiting: [only] }) => only?.address === 'b@x.test'));
    await store.close();
  });

  test('takes no record inside a message for one, though the record around it is damaged', async (t) => {
    const here = await made(t);
    const { path, messages } = firstSegment(here);
    const hostile = messages.find(({ content }) => content.includes('Subject: forged'));
    assert.ok(hostile !== undefined);
    const bytes = readFileSync(path);
    bytes.fill(0x55, hostile.offset, hostile.offset + 64);
    writeFileSync(path, bytes);
    rmSync(`${path}.index`, { force: true });
    const { found, uncertain, findings } = await rescue(here.spool, join(here.folder, 'out'));
    assert.ok(!found.has(hostile.queueId) && !found.has('038H88VBV820ZZZ'));
    assert.ok(
      [...found.values()].every((content) => !content.subarray(0, 15).equals(Buffer.from('Subject: forged'))),
    );
    assert.equal(uncertain, 0);
    const range = findings.find(({ kind }) => kind === 'range');
    assert.ok(range?.kind === 'range' && range.from === hostile.offset);
  });

  test('puts aside what only a secret could prove when header, index and first record are gone', async (t) => {
    const here = await made(t);
    const { path, messages } = firstSegment(here);
    const bytes = readFileSync(path);
    bytes.fill(0, 0, (messages[0]?.offset ?? 0) + 80);
    writeFileSync(path, bytes);
    rmSync(`${path}.index`, { force: true });
    const { found, uncertain, uncertainNames } = await rescue(here.spool, join(here.folder, 'out'));
    for (const { queueId } of messages) assert.ok(!found.has(queueId));
    assert.ok(uncertain > 0);
    const rest = messages.slice(1).filter(({ queueId, isLarge }) => !here.done.has(queueId) && !isLarge);
    for (const { queueId } of rest) {
      assert.ok(
        uncertainNames.some((name) => name.startsWith(queueId) && name.endsWith('.eml')),
        queueId,
      );
    }
  });

  test('holds everything when what became of recipients is lost', async (t) => {
    const here = await made(t);
    rmSync(join(here.spool, 'journal'), { recursive: true });
    rmSync(join(here.spool, 'holds'));
    const { found, heldCount, isHeld, findings } = await rescue(here.spool, join(here.folder, 'out'));
    assert.deepEqual([found.size, heldCount, isHeld], [here.stored.length, here.stored.length, true]);
    assert.ok(findings.some((finding) => finding.kind === 'file' && finding.file.startsWith('journal')));
  });

  test('finds segments that a file system check has put elsewhere, and goes on without the folder', async (t) => {
    const here = await made(t);
    const lost = join(here.folder, 'lost+found');
    mkdirSync(lost);
    const names = readdirSync(join(here.spool, 'segments')).filter((name) => !name.endsWith('.index'));
    const also = names.map((_, index) => join(lost, `#${index}`));
    for (const [index, name] of names.entries())
      renameSync(join(here.spool, 'segments', name), also[index] ?? '');
    rmSync(join(here.spool, 'segments'), { recursive: true });
    writeFileSync(join(lost, '#99'), 'something else');
    const { found, findings } = await rescue(here.spool, join(here.folder, 'out'), {
      also: [...also, join(lost, '#99')],
    });
    assert.equal(found.size, here.stored.length - here.done.size);
    assert.ok(findings.some((finding) => finding.kind === 'file' && finding.file.endsWith('#99')));
    const without = await rescue(here.spool, join(here.folder, 'out-2'));
    assert.equal(without.found.size, 0);
    assert.ok(without.damaged >= here.stored.length - here.done.size);
  });

  test('names a damaged message with sender and recipients, and writes what can be read of it', async (t) => {
    const here = await made(t);
    const { path, messages } = firstSegment(here);
    const [, second] = messages;
    assert.ok(second !== undefined);
    const bytes = readFileSync(path);
    const at = second.offset + second.length - 20;
    bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
    writeFileSync(path, bytes);
    const out = join(here.folder, 'out');
    const { damaged, findings } = await rescue(here.spool, out);
    assert.equal(damaged, 1);
    const told = findings.map(findingText).join('\n');
    assert.match(
      told,
      new RegExp(`bytes ${second.offset} to .* message ${second.queueId} from <alice@example.com>`),
    );
    assert.match(
      told,
      new RegExp(`${second.queueId} .*to <b@x.test>: its record is damaged; .*damaged/${second.queueId}.eml`),
    );
    assert.equal(readFileSync(join(out, 'damaged', `${second.queueId}.eml`)).length, second.content.length);
    const envelope = JSON.parse(
      readFileSync(join(out, 'damaged', `${second.queueId}.envelope.json`), 'utf8'),
    ) as {
      readonly waiting: readonly string[];
    };
    assert.deepEqual(envelope.waiting, ['b@x.test']);
  });

  test('reads around blocks that the disk cannot read', async (t) => {
    const here = await made(t);
    const { path, messages } = firstSegment(here);
    const opened = new Set<number>();
    const files: FileLayer = {
      ...nodeFiles,
      open: async (name, flags) => {
        const fd = await nodeFiles.open(name, flags);
        if (name === path) opened.add(fd);
        return fd;
      },
      close: (fd) => {
        opened.delete(fd);
        return nodeFiles.close(fd);
      },
      read: (fd, buffer, offset, length, position, done) => {
        const isBad = opened.has(fd) && position < 8_192 && position + length > 4_096;
        if (isBad) done(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' }), 0);
        else nodeFiles.read(fd, buffer, offset, length, position, done);
      },
    };
    const { found, findings } = await rescue(here.spool, join(here.folder, 'out'), { files });
    for (const each of here.stored) {
      if (here.done.has(each.queueId)) continue;
      const isBad = messages.includes(each) && each.offset < 8_192 && each.offset + each.length > 4_096;
      assert.equal(found.has(each.queueId), !isBad);
    }
    assert.ok(
      findings.some((finding) => finding.kind === 'file' && finding.why.includes('bytes 4096 to 8191')),
    );
  });

  test('reads a segment only some times, whatever a message in it pretends', async (t) => {
    const folder = await temporaryDirectory(t);
    const spool = join(folder, 'spool');
    // Each 16 bytes begin a record that says it has an envelope of 512 KiB.
    const pattern = Buffer.from('SLRC0000\0\0\x08\0\0\0\0\0', 'latin1');
    const content = Buffer.alloc(655_360, pattern);
    const writer = await openSpoolWriter({ ...writerDefaults, directory: spool });
    const ids = [writer.newQueueId(), writer.newQueueId(), writer.newQueueId()] as const;
    for (const id of ids) await writer.append({ envelope: envelopeFor(id), content: [content] });
    await writer.close();
    const name = readdirSync(join(spool, 'segments')).find((each) => !each.endsWith('.index')) ?? '';
    const path = join(spool, 'segments', name);
    for (const damagedBytes of [40, 4_096]) {
      rmSync(`${path}.index`, { force: true });
      const bytes = readFileSync(path);
      bytes.fill(0, damagedBytes === 40 ? 32 : 0, damagedBytes + 32);
      writeFileSync(path, bytes);
      let read = 0;
      const files: FileLayer = {
        ...nodeFiles,
        read: (fd, buffer, offset, length, position, done) => {
          nodeFiles.read(fd, buffer, offset, length, position, (error, count) => {
            read += count;
            done(error, count);
          });
        },
      };
      const { found, uncertainNames } = await rescue(spool, join(folder, `out-${damagedBytes}`), { files });
      assert.equal(damagedBytes === 40 ? found.size : uncertainNames.length / 2, 2);
      assert.ok(read < 100 * bytes.length, `${read} bytes were read`);
      read = 0;
      // Neither does it hold up a start.
      for await (const { kind } of inspectSpool(spool, { files })) assert.ok(kind !== undefined);
      assert.ok(read < 100 * bytes.length, `${read} bytes were read`);
    }
  });
});
