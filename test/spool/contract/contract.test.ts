// The promises of src/spool/types.ts, which every kind of store keeps.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Envelope } from '../../../src/message/envelope.ts';
import { nowhere, type Appended, type RecoveredMessage, type SpoolStore } from '../../../src/spool/types.ts';
import { textFor, envelopeFor, mib, saidForm } from '../support.ts';
import { kinds, type Spool } from './kinds.ts';

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) {
    assert.ok(piece.length <= 64 * 1024, 'a piece is of bounded size');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Opens the store and recovers its mail; closes it at the end of the test. */
async function start(
  context: TestContext,
  spool: Spool,
): Promise<{ store: SpoolStore; messages: RecoveredMessage[] }> {
  const store = await spool.openStore();
  context.after(() => store.close());
  const messages: RecoveredMessage[] = [];
  for await (const message of store.recover()) messages.push(message);
  return { store, messages };
}

/** Stores messages of `recipients` recipients each; returns their queue ids and references. */
async function stored(spool: Spool, count: number, recipients = 1) {
  const writer = await spool.openWriter();
  const addresses = Array.from({ length: recipients }, (_, index) => `r${index}@example.net`);
  const appended = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const envelope = envelopeFor(writer.newQueueId(), addresses);
      const { ref } = await writer.append({ envelope, content: [textFor(index, 500)] });
      return { queueId: envelope.queueId, ref };
    }),
  );
  await writer.close();
  return appended;
}

for (const kind of kinds) {
  describe(`a store of kind ${kind.name}`, () => {
    it('gives a message back as it was appended, by every way of reading', async (t) => {
      const spool = await kind.make(t);
      const writer = await spool.openWriter();
      const reader = spool.openReader();
      t.after(() => reader.close());
      const envelope: Envelope = {
        ...envelopeFor(writer.newQueueId()),
        reversePath: 'grüße@exämple.com',
        recipients: [
          {
            address: 'a@example.net',
            notify: { never: false, success: true, failure: false, delay: true },
          },
          { address: 'ü@example.net', originalRecipient: 'rfc822;u@example.org' },
          { address: 'archive@example.net', isCopy: true },
        ],
        body: '8BITMIME',
        smtpUtf8: true,
        ret: 'HDRS',
        envelopeId: 'QQ314159',
        tenant: 'customer',
        priority: -3,
      };
      const content = textFor(1, 150_000);
      const pieces = [content.subarray(0, 10), content.subarray(10, 10), content.subarray(10)];
      const { ref, sizeBytes } = await writer.append({ envelope, content: pieces });
      assert.equal(sizeBytes, content.length);
      for (const message of [reader.readFresh(ref), await reader.read(ref)]) {
        assert.deepEqual(message.envelope, envelope);
        assert.equal(message.sizeBytes, content.length);
        assert.ok(content.equals(message.content!));
        assert.ok(content.equals(await collect(message.stream())));
      }
      assert.deepEqual(await reader.readEnvelope(ref), envelope);
      await writer.close();
    });

    it('streams a large message in and out, in pieces of bounded size', async (t) => {
      const spool = await kind.make(t);
      const writer = await spool.openWriter();
      const reader = spool.openReader();
      t.after(() => reader.close());
      const queueId = writer.newQueueId();
      const content = textFor(7, 2 * mib + 17);
      const large = await writer.openLarge(queueId);
      for (let at = 0; at < content.length; at += 100_000) {
        await large.write(content.subarray(at, at + 100_000));
      }
      assert.equal(large.sizeBytes, content.length);
      assert.deepEqual(await collect(large.read()), content);
      assert.deepEqual(await collect(large.read()), content);
      const { ref, sizeBytes } = await large.commit(envelopeFor(queueId));
      assert.equal(sizeBytes, content.length);
      const message = await reader.read(ref);
      assert.equal(message.content, undefined);
      assert.equal(message.sizeBytes, content.length);
      assert.ok(content.equals(await collect(message.stream())));
      await writer.close();
      const { messages } = await start(t, spool);
      assert.deepEqual(
        messages.map((each) => [each.queueId, each.sizeBytes]),
        [[queueId, content.length]],
      );
    });

    for (const isLarge of [false, true]) {
      const what = isLarge ? 'a large message' : 'a message';
      it(`puts the prefix of ${what} before its content, and keeps both over a restart`, async (t) => {
        const spool = await kind.make(t);
        const writer = await spool.openWriter();
        const envelope = envelopeFor(writer.newQueueId());
        const prefix = Buffer.from(`Received: by us\r\nX-Signature: ${'s'.repeat(70_000)}\r\n`);
        const content = textFor(3, 100_000);
        let appended: Appended;
        if (isLarge) {
          const large = await writer.openLarge(envelope.queueId);
          await large.write(content.subarray(0, 60_000));
          await large.write(content.subarray(60_000));
          appended = await large.commit(envelope, prefix);
        } else appended = await writer.append({ envelope, prefix, content: [content] });
        await writer.close();
        const whole = Buffer.concat([prefix, content]);
        assert.equal(appended.sizeBytes, whole.length);
        const { messages } = await start(t, spool);
        const [message = assert.fail()] = messages;
        assert.equal(message.sizeBytes, whole.length);
        const reader = spool.openReader();
        t.after(() => reader.close());
        const stored = await reader.read(message.ref);
        assert.equal(stored.sizeBytes, whole.length);
        assert.deepEqual(stored.envelope, envelope);
        assert.ok(whole.equals(await collect(stored.stream())));
        if (!isLarge) assert.ok(whole.equals(stored.content!));
      });
    }

    it('lets a large content take the place of that of another message', async (t) => {
      const spool = await kind.make(t);
      const writer = await spool.openWriter();
      const envelope = envelopeFor(writer.newQueueId());
      const first = await writer.openLarge(envelope.queueId);
      await first.write(textFor(1, 100_000));
      const second = await writer.openLarge(writer.newQueueId());
      const content = textFor(2, 70_000);
      await second.write(content);
      await first.abort();
      await second.commit(envelope);
      await writer.close();
      const { messages } = await start(t, spool);
      const [message = assert.fail()] = messages;
      assert.equal(message.queueId, envelope.queueId);
      const reader = spool.openReader();
      t.after(() => reader.close());
      const stored = await reader.read(message.ref);
      assert.ok(content.equals(await collect(stored.stream())));
    });

    it('holds quarantined messages until they are released, small and large, over restarts', async (t) => {
      const spool = await kind.make(t);
      const writer = await spool.openWriter();
      const ids: string[] = [];
      for (const isLarge of [false, true, false]) {
        const queueId = writer.newQueueId();
        const envelope = { ...envelopeFor(queueId), quarantine: 'spam' };
        ids.push(queueId);
        if (isLarge) {
          const large = await writer.openLarge(queueId);
          await large.write(textFor(1, 1000));
          await large.commit(envelope, Buffer.from('Received: x\r\n'));
        } else await writer.append({ envelope, content: [textFor(1, 1000)] });
      }
      await writer.close();
      const recovered = async (work?: (store: SpoolStore) => void): Promise<unknown[]> => {
        const { store, messages } = await start(t, spool);
        work?.(store);
        await store.flush();
        await store.close();
        const state = new Map(messages.map(({ queueId, held, quarantine }) => [queueId, [held, quarantine]]));
        return ids.map((id) => state.get(id));
      };
      const held = [true, 'spam'];
      const released = [false, 'spam'];
      const [first = '', second = ''] = ids;
      assert.deepEqual(await recovered(), [held, held, held]);
      await recovered((store) =>
        store.settle([
          { kind: 'released', queueId: first },
          { kind: 'released', queueId: second },
        ]),
      );
      assert.deepEqual(await recovered(), [released, released, held]);
      await recovered((store) => store.settle([{ kind: 'held', queueId: first }]));
      // Each start writes the state anew, and reads what the start before it wrote.
      assert.deepEqual(await recovered(), [held, released, held]);
      assert.deepEqual(await recovered(), [held, released, held]);
    });

    it('keeps nothing of a large message that was aborted', async (t) => {
      const spool = await kind.make(t);
      const writer = await spool.openWriter();
      const large = await writer.openLarge(writer.newQueueId());
      await large.write(textFor(1, 1000));
      await large.abort();
      await assert.rejects(large.write(textFor(1, 1)), { code: 'SPOOL_WRITE_FAILED' });
      await writer.close();
      assert.deepEqual((await start(t, spool)).messages, []);
    });

    it('makes queue ids that no other writer has made', async (t) => {
      const spool = await kind.make(t);
      const ids: string[] = [];
      for (const slot of [1, 2]) {
        const writer = await spool.openWriter(slot);
        for (let count = 0; count < 100; count++) ids.push(writer.newQueueId());
        await writer.close();
      }
      assert.equal(new Set(ids).size, ids.length);
    });

    it('refuses an envelope that it cannot keep', async (t) => {
      const spool = await kind.make(t);
      const writer = await spool.openWriter();
      const content = [textFor(1, 10)];
      for (const envelope of [envelopeFor(writer.newQueueId(), []), envelopeFor('../../etc/passw')]) {
        await assert.rejects(writer.append({ envelope, content }), { code: 'SPOOL_BAD_ENVELOPE' });
      }
      await writer.close();
      assert.deepEqual((await start(t, spool)).messages, []);
    });

    it('refuses mail that it has no room for, and mail after the end', async (t) => {
      const spool = await kind.make(t);
      const full = await spool.openFullWriter();
      assert.equal(full.hasRoom(100), false);
      const message = (queueId: string) => ({
        envelope: envelopeFor(queueId),
        content: [textFor(1, 100)],
      });
      await assert.rejects(full.append(message(full.newQueueId())), { code: 'SPOOL_FULL' });
      const large = await full.openLarge(full.newQueueId());
      await assert.rejects(large.write(textFor(1, 100)), { code: 'SPOOL_FULL' });
      await large.abort();
      await full.close();
      const writer = await spool.openWriter();
      assert.equal(writer.hasRoom(100), true);
      await writer.close();
      await assert.rejects(writer.append(message(writer.newQueueId())), { code: 'SPOOL_NOT_OPEN' });
    });

    it('has references that other processes can use, and that may be wrong', async (t) => {
      const spool = await kind.make(t);
      const [{ queueId, ref } = assert.fail()] = await stored(spool, 1);
      const reader = spool.openReader();
      t.after(() => reader.close());
      const sent = JSON.parse(JSON.stringify(ref));
      assert.equal((await reader.read(sent)).envelope.queueId, queueId);
      assert.throws(() => reader.readFresh(nowhere), { code: 'SPOOL_MISSING' });
      await assert.rejects(reader.read(nowhere), { code: 'SPOOL_MISSING' });
      await assert.rejects(reader.readEnvelope(nowhere), { code: 'SPOOL_MISSING' });
    });

    it('recovers before it does anything else, and once only', async (t) => {
      const spool = await kind.make(t);
      const [{ queueId, ref } = assert.fail()] = await stored(spool, 1);
      const store = await spool.openStore();
      t.after(() => store.close());
      assert.throws(() => store.submitted(queueId, ref, 1), { code: 'SPOOL_NOT_OPEN' });
      assert.throws(() => store.settle([]), { code: 'SPOOL_NOT_OPEN' });
      for await (const message of store.recover()) assert.equal(message.queueId, queueId);
      await assert.rejects(
        async () => {
          for await (const _ of store.recover()) assert.fail();
        },
        { code: 'SPOOL_NOT_OPEN' },
      );
    });

    it('knows a message from its report, or its recovery, until its last recipient is done', async (t) => {
      const spool = await kind.make(t);
      const { store } = await start(t, spool);
      const [{ queueId, ref } = assert.fail()] = await stored(spool, 1, 3);
      assert.equal(store.locate(queueId), undefined);
      assert.equal(store.submitted(queueId, ref, 3), true);
      assert.equal(store.submitted(queueId, ref, 3), false, 'it waits already');
      assert.deepEqual(store.locate(queueId), ref);
      assert.equal(store.usage().liveMessages, 1);
      store.settle([
        { kind: 'delivered', queueId, recipient: 0 },
        { kind: 'failed', queueId, recipient: 2 },
      ]);
      assert.deepEqual(store.locate(queueId), ref);
      store.settle([{ kind: 'removed', queueId, recipient: 1 }]);
      assert.equal(store.locate(queueId), undefined);
      assert.equal(store.usage().liveMessages, 0);
      assert.equal(store.submitted(queueId, ref, 3), false, 'it is done');
      await store.flush();
      assert.equal(store.unstored, 0);
    });

    it('finds after a restart what waits, with all that is known of it, and nothing that is done', async (t) => {
      const spool = await kind.make(t);
      const { store } = await start(t, spool);
      const [done = assert.fail(), held = assert.fail(), waits = assert.fail()] = await stored(spool, 3, 2);
      for (const { queueId, ref } of [done, held, waits]) store.submitted(queueId, ref, 2);
      const refusal = saidForm('450 4.2.1 later');
      store.settle([
        { kind: 'delivered', queueId: done.queueId, recipient: 0 },
        { kind: 'delivered', queueId: done.queueId, recipient: 1 },
        { kind: 'held', queueId: held.queueId },
        { kind: 'delivered', queueId: waits.queueId, recipient: 0 },
        {
          kind: 'deferred',
          queueId: waits.queueId,
          recipient: 1,
          attempts: 4,
          nextAttemptAtMs: 1_800_000_000_000,
          refusal,
        },
      ]);
      assert.equal(await store.storeOutcomes(10_000), 0);
      await store.close();
      const unreported = await stored(spool, 1);
      const again = await start(t, spool);
      const found = new Map(again.messages.map((message) => [message.queueId, message]));
      assert.deepEqual(
        [...found.keys()].sort(),
        [held, waits, ...unreported].map(({ queueId }) => queueId).sort(),
      );
      const fresh = { attempts: 0, nextAttemptAtMs: 0, lastRefusal: '' };
      assert.equal(found.get(held.queueId)?.held, true);
      assert.deepEqual(found.get(held.queueId)?.waiting, [
        { index: 0, address: 'r0@example.net', ...fresh },
        { index: 1, address: 'r1@example.net', ...fresh },
      ]);
      assert.equal(found.get(waits.queueId)?.held, false);
      assert.deepEqual(found.get(waits.queueId)?.waiting, [
        {
          index: 1,
          address: 'r1@example.net',
          attempts: 4,
          nextAttemptAtMs: 1_800_000_000_000,
          lastRefusal: refusal,
        },
      ]);
      assert.equal(again.store.submitted(done.queueId, done.ref, 2), false, 'it was done before the restart');
      assert.deepEqual(again.store.locate(waits.queueId), waits.ref);
    });

    it('holds a damaged message until it is released', async (t) => {
      const spool = await kind.make(t);
      const { store } = await start(t, spool);
      const [{ queueId, ref } = assert.fail()] = await stored(spool, 1);
      store.submitted(queueId, ref, 1);
      store.settle([{ kind: 'damaged', queueId, why: 'a bit is wrong' }]);
      assert.equal(store.isDamaged(queueId), true);
      assert.equal(store.usage().damagedMessages, 1);
      await store.flush();
      await store.close();
      const again = await start(t, spool);
      assert.deepEqual(
        again.messages.map(({ held, damage }) => ({ held, damage })),
        [{ held: true, damage: 'a bit is wrong' }],
      );
      again.store.settle([{ kind: 'released', queueId }]);
      assert.equal(again.store.isDamaged(queueId), false);
    });
  });
}
