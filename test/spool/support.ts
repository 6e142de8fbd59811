// Helpers of the spool's tests: envelopes, contents, directories that go away.

import type { TestContext } from 'node:test';
import type { Envelope } from '../../src/message/envelope.ts';
import { temporaryFolder } from '../temporary-folder.ts';

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

export const mib = 1024 * 1024;

export const writerDefaults = {
  slot: 1,
  segmentBytes: 64 * mib,
  reserveBytes: 0,
  largeMessageBytes: mib,
  sync: 'fdatasync',
} as const;
