// Drives the readers of QMQP and QMTP, for tests.

import { Buffer } from 'node:buffer';
import { PackageReader } from '../../../src/protocol/netstring/package-reader.ts';
import { InputQueue } from '../../../src/protocol/smtp/server/input-queue.ts';

export interface Read {
  readonly form: string;
  readonly content: string;
  readonly addresses: readonly (string | undefined)[];
}

/** What a server reads of these chunks: whole messages, and how it goes on. */
export function readPackages(
  protocol: 'qmqp' | 'qmtp',
  chunks: readonly Uint8Array[],
  mostRecipients = 100,
): { readonly messages: readonly Read[]; readonly rest: string } {
  const reader = new PackageReader(protocol, mostRecipients);
  const input = new InputQueue();
  const messages: Read[] = [];
  let pieces: Uint8Array[] = [];
  let addresses: (string | undefined)[] = [];
  for (const chunk of chunks) {
    input.push(chunk);
    for (let step = reader.next(input); step !== 'none'; step = reader.next(input)) {
      if (step === 'malformed') return { messages, rest: 'malformed' };
      if (step === 'piece') pieces.push(reader.piece);
      if (step === 'sender' || step === 'recipient') addresses.push(reader.address);
      if (step !== 'end') continue;
      messages.push({ form: reader.form, content: Buffer.concat(pieces).toString('latin1'), addresses });
      pieces = [];
      addresses = [];
    }
  }
  return { messages, rest: reader.isInside ? 'inside' : 'between' };
}

/** Cuts bytes at these places. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  const ends = [...sorted, bytes.length];
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}
