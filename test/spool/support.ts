// Helpers of the spool's tests: envelopes, contents, temporary directories, opened stores.

import type { TestContext } from 'node:test';
import type { Envelope } from '../../src/message/envelope.ts';
import { openSpoolStore, type SpoolStoreOptions } from '../../src/spool/open.ts';
import type { RecoveredMessage, SpoolProblem, SpoolStore } from '../../src/spool/types.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export { saidForm } from '../refusals.ts';

export async function temporaryDirectory(context: TestContext): Promise<string> {
  return temporaryFolder(context, 'spool').path;
}

export function envelopeFor(
  queueId: string,
  recipients = ['bob@example.net'],
  receivedAtMs = 1_700_000_000_000,
): Envelope {
  return {
    queueId,
    receivedAtMs,
    reversePath: 'alice@example.com',
    recipients: recipients.map((address) => ({ address })),
    body: '7BIT',
    smtpUtf8: false,
    origin: { via: 'smtp', clientAddress: '192.0.2.1', helo: 'client.example.com' },
  };
}

/** Content that differs for every seed. */
export function contentFor(seed: number, sizeBytes: number): Buffer {
  const content = Buffer.allocUnsafe(sizeBytes);
  let state = (seed * 2654435761) >>> 0;
  for (let index = 0; index < sizeBytes; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    content[index] = state >>> 24;
  }
  return content;
}

/** Content that differs for every seed, and can be compressed to half its size: letters. */
export function textFor(seed: number, sizeBytes: number): Buffer {
  return contentFor(seed, sizeBytes).map((byte) => 97 + (byte & 15)) as Buffer;
}

/** Half of them can be compressed. */
export function eitherFor(seed: number, size: number): Buffer {
  return seed % 2 === 0 ? contentFor(seed, size) : textFor(seed, size);
}

export const mib = 1024 * 1024;

export const writerDefaults = {
  slot: 1,
  segmentBytes: 64 * mib,
  reserveBytes: 0,
  sync: 'fdatasync',
} as const;

/** An opened store, with what it has found so far. */
export interface OpenedStore {
  readonly store: SpoolStore;
  readonly messages: RecoveredMessage[];
  readonly problems: SpoolProblem[];
  /** Queue ids of messages whose segment has vanished since the store was opened. */
  readonly vanished: string[];
}

/** Opens a store that moves no messages, and recovers all waiting mail. */
export async function openedStore(
  directory: string,
  options: Partial<SpoolStoreOptions> = {},
): Promise<OpenedStore> {
  const problems: SpoolProblem[] = [];
  const vanished: string[] = [];
  const store = await openSpoolStore({
    directory,
    slot: 63,
    journalSyncMs: 1000,
    segmentBytes: mib,
    relocateAfterMs: 1_000_000_000,
    onProblem: (problem) => problems.push(problem),
    onDamaged: (queueIds) => vanished.push(...queueIds),
    ...options,
  });
  const messages: RecoveredMessage[] = [];
  for await (const message of store.recover()) messages.push(message);
  return { store, messages, problems, vanished };
}
