// Counting hops (RFC 5321 6.3) and finding TLS-Required (RFC 8689 5) in content as it arrives.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { TraceFields } from '../../src/message/trace-fields.ts';

function count(pieces: readonly string[]): [number, boolean] {
  const counter = new TraceFields();
  for (const piece of pieces) counter.push(Buffer.from(piece, 'latin1'));
  return [counter.hops, counter.complete];
}

const table: readonly (readonly [message: string, count: number, complete: boolean])[] = [
  ['', 0, false],
  ['\r\nReceived: body', 0, true],
  ['Received: a\r\n\tb\r\nRECEIVED: c\r\nDelivered-To: d\r\n\r\nReceived: body', 3, true],
  ['Received : obsolete\r\nReceived\t:x\r\n', 2, false],
  ['received:\nreceived:\n\nreceived:', 2, true],
  [
    'Receive: a\r\nReceived-SPF: b\r\nX-Received: c\r\n Received: folded\r\nReceived\r\nReceivedx:\r\n\r\n',
    0,
    true,
  ],
  ['Received: a\r\r\nReceived: b\r\r\n\r\r\nReceived: body', 2, true],
  ['Subject: a\rReceived: b\r\n\rReceived: c\r\nReceived\r: d\r\n\r\r\n', 0, true],
  ['Subject: x\r\nDelivered-T\r\nDelivered-To:', 1, false],
];

for (const [message, hops, complete] of table) {
  test(`${JSON.stringify(message)} has ${hops}`, () => {
    assert.deepEqual(count([message]), [hops, complete]);
    assert.deepEqual(count([...message]), [hops, complete]);
  });
}

test('what a regular expression finds in the header block, however it is cut', () => {
  const part = fc.constantFrom(
    'Received',
    'received',
    'Delivered-To',
    ':',
    ' ',
    'x',
    '\r\n',
    '\n',
    '\r\n\r\n',
    '\t',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const message = parts.join('');
      const end = /(^|\n)\r?\n/.exec(message);
      const header = end === null ? message : message.slice(0, end.index + 1);
      const expected = [...header.matchAll(/^(received|delivered-to)[ \t]*:/gim)].length;
      assert.deepEqual(count(parts), [expected, end !== null]);
      assert.deepEqual(count([message]), [expected, end !== null]);
    }),
    { numRuns: 1000 },
  );
});

test('where the header ends is told in bytes, however it is cut', () => {
  for (const [message, bytes] of [
    ['Subject: x\r\n\r\nbody\r\n\r\n', 12],
    ['\r\nbody', 0],
    ['Received: x\r\n\ty\r\n\r\n', 17],
    ['Subject: x\r\n', -1],
  ] as const) {
    for (const pieces of [[message], [...message], [message.slice(0, 5), message.slice(5)]]) {
      const counter = new TraceFields();
      for (const piece of pieces) counter.push(Buffer.from(piece, 'latin1'));
      assert.equal(counter.headerBytes, bytes, JSON.stringify(pieces));
    }
  }
});

const demands: readonly (readonly [header: string, waives: boolean])[] = [
  ['TLS-Required: No\r\n\r\n', true],
  ['Received: a\r\ntls-required:\r\n\tNO \r\nSubject: x\r\n\r\n', true],
  ['TLS-Required: Yes\r\n\r\n', false],
  ['TLS-Required: No, really\r\n\r\n', false],
  ['TLS-Required: No\r\nTLS-Required: No\r\n\r\n', false],
  [`TLS-Required: No${' '.repeat(80)}x\r\n\r\n`, false],
  ['TLS-Required: \r\n\r\n', false],
  ['X-TLS-Required: No\r\nTo: a@example.com\r\n\r\n', false],
  ['Subject: x\r\n\r\nTLS-Required: No\r\n', false],
];

for (const [header, waives] of demands) {
  test(`${JSON.stringify(header)} ${waives ? 'waives' : 'does not waive'} the TLS policies of domains`, () => {
    for (const pieces of [[header], [...header]]) {
      const fields = new TraceFields();
      for (const piece of pieces) fields.push(Buffer.from(piece, 'latin1'));
      assert.equal(fields.waivesTls, waives);
    }
  });
}

test('TLS-Required is no hop', () => {
  assert.deepEqual(count(['TLS-Required: No\r\nReceived: a\r\n\r\n']), [1, true]);
});

test('hosts are read from Received fields from a number on, however they are cut, and counted', () => {
  const hop = (by: string): string =>
    `Received: from x.test (y [192.0.2.1])\r\n\tby ${by} (Sluice) with ESMTP id 1; date\r\n`;
  const header = `${hop('early.test')}Delivered-To: by none.test\r\n${hop('a.test')}${hop('B.test')}${hop('a.test')}Subject: by c.test\r\n\r\nReceived: by d.test\r\n`;
  for (const pieces of [[header], [...header]]) {
    const fields = new TraceFields(2);
    for (const piece of pieces) fields.push(Buffer.from(piece, 'latin1'));
    assert.equal(fields.hops, 5);
    assert.equal(fields.passed?.text, 'a.test (2 times), b.test');
  }
  const few = new TraceFields(9);
  few.push(Buffer.from(header, 'latin1'));
  assert.equal(few.passed, undefined);
});

test('whatever Received fields say, what is kept of them is short and can be printed', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 80 }), (values) => {
      const fields = new TraceFields(0);
      for (const value of values)
        fields.push(Buffer.concat([Buffer.from('Received: x by '), value, Buffer.from('\r\n')]));
      const text = fields.passed?.text ?? '';
      // eslint-disable-next-line no-control-regex -- that is what is looked for
      assert.ok(text.length <= 8 * 120 && !/[\x00-\x1f\x7f-\x9f]/.test(text), text);
    }),
  );
});
