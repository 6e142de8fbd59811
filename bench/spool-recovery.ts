// Times the recovery of a queue: node bench/spool-recovery.ts [messages=1000000] [content bytes=300]
// Half of the messages have a failed attempt. The second figure is without the indexes, as after a power cut.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { remoteRefusal } from '../src/message/refusal.ts';
import { encodeRefusal } from '../src/message/refusal-form.ts';
import { openSpoolStore, openSpoolWriter } from '../src/spool/open.ts';
import type { Outcome } from '../src/spool/types.ts';

const messages = Number(process.argv[2] ?? 1_000_000);
const contentBytes = Number(process.argv[3] ?? 300);
const segmentBytes = 64 * 1024 * 1024;
const directory = await mkdtemp(join(tmpdir(), 'sluice-recovery-'));

async function openStore() {
  return openSpoolStore({ directory, slot: 1, journalSyncMs: 1000, segmentBytes, relocateAfterMs: 600_000 });
}

async function fill(): Promise<void> {
  const writer = await openSpoolWriter({
    directory,
    slot: 2,
    segmentBytes,
    reserveBytes: 0,
    sync: 'fdatasync',
  });
  const store = await openStore();
  for await (const message of store.recover()) throw new Error(`${message.queueId} in an empty spool`);
  const content = [Buffer.alloc(contentBytes, 'x')];
  const batch = 5000;
  for (let done = 0; done < messages; done += batch) {
    const outcomes: Outcome[] = [];
    await Promise.all(
      Array.from({ length: batch }, async (_, index) => {
        const queueId = writer.newQueueId();
        const { ref } = await writer.append({
          envelope: {
            queueId,
            receivedAtMs: Date.now(),
            reversePath: 'newsletter-bounce@sender.example.com',
            recipients: [{ address: `recipient${done + index}@domain${(done + index) % 1000}.example.net` }],
            body: '8BITMIME',
            smtpUtf8: false,
            origin: { via: 'smtp', clientAddress: '192.0.2.25', helo: 'client.example.com' },
          },
          content,
        });
        store.submitted(queueId, ref, 1);
        if (index % 2 === 1) return;
        const host = `mx.domain${index % 100}.example.net`;
        const reply = { code: 451, enhanced: '4.7.1', lines: ['try again later'], command: 'RCPT' } as const;
        const refusal = encodeRefusal(
          remoteRefusal({ host, endpoint: { kind: 'tcp', ip: '192.0.2.1', port: 25 } }, reply, false),
        );
        outcomes.push({
          kind: 'deferred',
          queueId,
          recipient: 0,
          attempts: 1,
          nextAttemptAtMs: Date.now(),
          refusal,
        });
      }),
    );
    store.settle(outcomes);
  }
  await writer.close();
  await store.close();
}

async function recover(what: string): Promise<void> {
  const heapBefore = memory();
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  const store = await openStore();
  let count = 0;
  for await (const message of store.recover()) count += message.waiting.length;
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpuStart);
  const perMessage = (memory() - heapBefore) / count;
  console.log(
    `${what}: ${count} recipients in ${seconds.toFixed(2)} s (${((user + system) / 1e6).toFixed(2)} s CPU), ${perMessage.toFixed(0)} bytes of memory for each`,
  );
  await store.close();
}

/** Bytes in use after garbage collection, if node runs with --expose-gc. */
function memory(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

try {
  const start = performance.now();
  const cpu = process.cpuUsage();
  await fill();
  const { user, system } = process.cpuUsage(cpu);
  const perMessage = (user + system) / messages;
  console.log(
    `filled in ${((performance.now() - start) / 1000).toFixed(1)} s, ${perMessage.toFixed(1)} us CPU a message`,
  );
  await recover('with indexes');
  const segments = join(directory, 'segments');
  for (const name of await readdir(segments)) if (name.endsWith('.index')) await rm(join(segments, name));
  await recover('without indexes');
} finally {
  await rm(directory, { recursive: true, force: true });
}
