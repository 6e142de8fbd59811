// The wait for a PROXY header: what follows the header stays in the socket, whole, however the bytes were cut.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deadlines } from '../../src/io/deadlines.ts';
import { ProxyHeaderWait } from '../../src/receive/proxy-header-wait.ts';
import { ipv4, version2, withChecksum } from '../protocol/proxy/headers.ts';

const headers = [
  Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n'),
  Buffer.from('PROXY UNKNOWN\r\n'),
  version2({ command: 0x20, protocol: 0, addresses: Buffer.alloc(9) }),
  withChecksum({ addresses: ipv4('192.0.2.1', '192.0.2.2', 1, 2) }),
];

test('fuzz: exactly the bytes behind the header are left, in their order', async () => {
  const cuts = fc.array(fc.nat(200), { maxLength: 6 });
  const behind = fc.uint8Array({ maxLength: 100 }).map(Buffer.from);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...headers), behind, cuts, async (header, rest, places) => {
      const stream = new PassThrough();
      const deadlines = new Deadlines({ now: () => 0 });
      const came = Promise.withResolvers<undefined>();
      const wait = new ProxyHeaderWait(stream as unknown as Socket, deadlines, {
        came: () => came.resolve(undefined),
        failed: (reason) => came.reject(new Error(reason)),
      });
      const bytes = Buffer.concat([header, rest]);
      const ends = [...new Set(places.map((place) => place % bytes.length)), bytes.length];
      let from = 0;
      for (const end of ends.toSorted((a, b) => a - b)) {
        if (end > from) stream.write(bytes.subarray(from, end));
        from = end;
      }
      stream.end();
      await came.promise;
      assert.equal(wait.atMs, Infinity);
      const left: Buffer[] = [];
      for await (const chunk of stream) left.push(chunk as Buffer);
      assert.deepEqual(Buffer.concat(left), rest);
    }),
  );
});
