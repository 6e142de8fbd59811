// A spool of a version whose records had no prefix is read as it is, beside new records. Its bytes were written by that version.

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { inspectSpool, openSpoolReader, openSpoolWriter } from '../../../src/spool/open.ts';
import { localRefusal } from '../../../src/message/refusal.ts';
import { encodeRefusal } from '../../../src/message/refusal-form.ts';
import type { SpoolReader, StoredRef } from '../../../src/spool/types.ts';
import { envelopeFor, openedStore, temporaryDirectory, writerDefaults } from '../support.ts';

interface EarlierSpool {
  readonly ids: {
    readonly small: string;
    readonly shop: string;
    readonly big: string;
    readonly last: string;
  };
  /** By path: the file, compressed, in base64. */
  readonly files: Readonly<Record<string, string>>;
}

const received =
  'Received: from client.example.com (192.0.2.1)\r\n\tby relay.example.org with ESMTP\r\n\tfor <bob@example.net>; Sat, 22 Nov 2025 08:26:40 +0000\r\n';
const contents = {
  small: `${received}Subject: small\r\n\r\nhello\r\n`,
  shop: `${received}Subject: shop\r\n\r\nhello\r\n`,
  big: `${received}Subject: large\r\n\r\n${'0123456789\r\n'.repeat(20_000)}`,
  last: 'Subject: last\r\n\r\nhello\r\n',
};

async function unpacked(context: TestContext): Promise<{ directory: string; ids: EarlierSpool['ids'] }> {
  const data = await readFile(new URL('data/spool-before-prefixes.json', import.meta.url), 'utf8');
  const { ids, files } = JSON.parse(data) as EarlierSpool;
  const directory = await temporaryDirectory(context);
  await mkdir(join(directory, 'damaged'));
  for (const [path, packed] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), gunzipSync(Buffer.from(packed, 'base64')));
  }
  return { directory, ids };
}

async function textOf(reader: SpoolReader, ref: StoredRef): Promise<string> {
  const pieces: Uint8Array[] = [];
  const stored = await reader.read(ref);
  for await (const piece of stored.stream()) pieces.push(piece);
  const text = Buffer.concat(pieces).toString('latin1');
  assert.equal(stored.sizeBytes, text.length);
  return text;
}

test('a spool of before is read whole: mail, outcomes, holds', async (t) => {
  const { directory, ids } = await unpacked(t);
  for await (const found of inspectSpool(directory, { contents: true })) {
    assert.equal(found.kind, 'message', JSON.stringify(found));
  }
  const { store, messages, problems } = await openedStore(directory);
  const reader = openSpoolReader({ directory });
  t.after(async () => {
    reader.close();
    await store.close();
  });
  assert.deepEqual(problems, []);
  const found = new Map(messages.map((message) => [message.queueId, message]));
  assert.deepEqual([...found.keys()].sort(), Object.values(ids).sort());
  for (const name of ['small', 'shop', 'big', 'last'] as const) {
    assert.equal(await textOf(reader, (found.get(ids[name]) ?? assert.fail()).ref), contents[name], name);
  }
  const refusal = localRefusal({
    during: 'routing',
    code: 450,
    enhanced: '4.4.4',
    text: 'no route',
    permanent: false,
  });
  assert.deepEqual(found.get(ids.small)?.waiting, [
    {
      index: 1,
      address: 'carol@example.net',
      attempts: 3,
      nextAttemptAtMs: 1_763_800_060_000,
      lastRefusal: encodeRefusal(refusal),
    },
  ]);
  const { held, tenant, priority } = found.get(ids.shop) ?? assert.fail();
  assert.deepEqual({ held, tenant, priority }, { held: true, tenant: 'shop', priority: -4 });
});

test('new mail goes into a spool of before, and old mail moves on in it', async (t) => {
  const { directory, ids } = await unpacked(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const queueId = writer.newQueueId();
  const large = await writer.openLarge(queueId);
  await large.write(Buffer.from('Subject: new\r\n\r\n'));
  await large.commit(envelopeFor(queueId), Buffer.from(received));
  await writer.close();
  const { store, messages, problems } = await openedStore(directory, { relocateAfterMs: 0 });
  const before = new Map(messages.map((message) => [message.queueId, message.ref]));
  const reader = openSpoolReader({ directory });
  t.after(() => reader.close());
  const whole = new Map([
    [ids.small, contents.small],
    [ids.shop, contents.shop],
    [ids.big, contents.big],
    [queueId, `${received}Subject: new\r\n\r\n`],
  ]);
  // Each step moves the messages of one segment.
  for (let step = 0; step < 4; step++) await store.maintain(Date.now());
  for (const [id, text] of whole) {
    const moved = store.locate(id) ?? assert.fail();
    assert.notDeepEqual(moved, before.get(id), `${id} was moved`);
    assert.equal(await textOf(reader, moved), text);
  }
  await store.close();
  assert.deepEqual(problems, []);
  const again = await openedStore(directory);
  t.after(() => again.store.close());
  assert.equal(again.messages.length, 5);
  for (const { queueId: id, ref } of again.messages) {
    assert.equal(await textOf(reader, ref), whole.get(id) ?? contents.last);
  }
});
