// Received lines and dates (RFC 5321 4.4, RFC 5322 3.3).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatDateTime } from '../../src/message/date-time.ts';
import type { Reception } from '../../src/message/received-line.ts';
import { receivedLine } from '../../src/message/received-line.ts';

const usualReception: Reception = {
  helo: 'client.example',
  clientAddress: '192.0.2.1',
  by: 'mx.example',
  protocol: 'ESMTP',
  queueId: 'A1B2',
  recipient: 'bob@dest.example',
  nowMs: Date.UTC(2026, 10, 22, 14, 6, 24, 999),
};
const line = (changes: Partial<Reception>): string =>
  receivedLine({ ...usualReception, ...changes }).toString();

test('one recipient: named', () => {
  assert.equal(
    line({}),
    'Received: from client.example ([192.0.2.1])\r\n\tby mx.example with ESMTP id A1B2\r\n' +
      '\tfor <bob@dest.example>;\r\n\tSun, 22 Nov 2026 14:06:24 +0000\r\n',
  );
});

test('several recipients: none is named', () => {
  assert.equal(
    line({ recipient: undefined, protocol: 'SMTP' }),
    'Received: from client.example ([192.0.2.1])\r\n\tby mx.example with SMTP id A1B2;\r\n' +
      '\tSun, 22 Nov 2026 14:06:24 +0000\r\n',
  );
});

test('a priority is a clause of its own, after all others (RFC 6710 4.1)', () => {
  assert.match(line({ priority: -3 }), / id A1B2\r\n\tfor <bob@dest\.example> PRIORITY -3;\r\n\tSun, /);
  assert.match(line({ priority: 0, recipient: undefined }), / id A1B2\r\n\tPRIORITY 0;\r\n\tSun, /);
});

test('IPv6, IPv4 within IPv6, and no name', () => {
  assert.match(
    line({ clientAddress: '2001:db8::1' }),
    /^Received: from client\.example \(\[IPv6:2001:db8::1\]\)\r\n/,
  );
  assert.match(
    line({ clientAddress: '::ffff:192.0.2.9' }),
    /^Received: from client\.example \(\[192\.0\.2\.9\]\)\r\n/,
  );
  assert.match(line({ helo: '' }), /^Received: from \[192\.0\.2\.1\] \(\[192\.0\.2\.1\]\)\r\n/);
});

test('local submission has no client', () => {
  assert.match(
    line({ helo: '', clientAddress: '', protocol: 'local' }),
    /^Received: by mx\.example with local id A1B2\r\n/,
  );
});

test('nothing that a client says breaks out of its place', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (helo) => {
      const text = line({ helo: `x${helo}` });
      assert.match(
        text,
        /^Received: from x[A-Za-z0-9.:_[\]?-]* \(\[192\.0\.2\.1\]\)\r\n\tby mx\.example with ESMTP id A1B2\r\n/,
      );
      assert.equal(text.split('\r\n').length, 5);
    }),
  );
});

test('dates read back as the second they say', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date('2999-12-31T23:59:59Z'), noInvalidDate: true }),
      (date) => {
        const text = formatDateTime(date.getTime());
        assert.match(text, /^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/);
        assert.equal(Date.parse(text), Math.floor(date.getTime() / 1000) * 1000);
        assert.equal(text.slice(0, 3), date.toUTCString().slice(0, 3));
      },
    ),
  );
});

test('a recipient too long for a line is not named', () => {
  const reception = {
    helo: '',
    clientAddress: '',
    by: 'mx.example',
    protocol: 'local',
    queueId: 'q',
    nowMs: 0,
  } as const;
  assert.match(String(receivedLine({ ...reception, recipient: `${'é'.repeat(400)}@b` })), /for </);
  const line = String(receivedLine({ ...reception, recipient: `${'é'.repeat(450)}@b` }));
  assert.doesNotMatch(line, /for </);
  assert.ok(line.split('\r\n').every((part) => Buffer.byteLength(part) <= 998));
});
