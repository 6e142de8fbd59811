// Lengths in the header of a record are bounded, whatever they say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  encodeRecord,
  envelopeOf,
  kindLarge,
  kindMessage,
  parseHead,
  stampRecord,
  storedCrcOf,
  uncheckedHead,
} from '../../../src/spool/segments/record.ts';
import { SpoolError } from '../../../src/spool/spool-error.ts';
import { envelopeFor } from '../support.ts';

const envelope = envelopeFor('036NANGK0030011');
const tag = 0xdeadbeef;

function stamped(head: Buffer): Buffer {
  stampRecord(head, 8, tag);
  return head;
}

test('a prefix may be long, but not without end', () => {
  const record = (bytes: number) => encodeRecord(envelope, kindLarge, bytes, bytes, 0, Buffer.alloc(bytes));
  assert.ok(parseHead(stamped(record(1024 * 1024)), 0));
  assert.throws(() => record(1024 * 1024 + 1), { code: 'SPOOL_BAD_ENVELOPE' });
});

test('a record whose lengths lie is no record, or stays within its bytes', () => {
  const prefix = Buffer.from('Received: x\r\n');
  const large = encodeRecord(envelope, kindLarge, 5_000_000_013, prefix.length, 0x12345678, prefix);
  const small = encodeRecord(envelope, kindMessage, 100, 100, 7);
  const field = fc.constantFrom(8, 9, 10, 28, 40, 44, 48, 56, 64);
  const value = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5, 100, 0xffffffff), fc.nat(0xffffffff));
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(fc.tuple(field, value), { minLength: 1, maxLength: 3 }),
      (isLarge, lies) => {
        const head = Buffer.from(isLarge ? large : small);
        for (const [at, lie] of lies) {
          if (at < 11) head[at] = lie & 255;
          else head.writeUInt32LE(lie, at);
        }
        const damaged = uncheckedHead(head, 0);
        if (damaged !== undefined && damaged.kind === kindLarge) {
          assert.ok(damaged.contentLength <= 1024 * 1024);
          assert.ok(damaged.sizeBytes >= damaged.contentLength);
        }
        // Even with a checksum that matches, as only a fault of our own could make it.
        const parsed = parseHead(stamped(head), 0);
        if (parsed === undefined) return;
        if (parsed.kind === kindLarge && parsed.version <= 4) assert.ok(parsed.contentLength <= 1024 * 1024);
        storedCrcOf(head, 0, parsed);
        try {
          envelopeOf(head, 0, parsed);
        } catch (error) {
          assert.ok(error instanceof SpoolError, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});
