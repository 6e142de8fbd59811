// Hostile answers: whatever bytes arrive, the parser neither throws nor hangs, and takes nothing for an answer that is not
// one.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as dnsPacket from 'dns-packet';
import * as fc from 'fast-check';
import { Exchange, type ExchangeStep } from '../../src/dns/exchange.ts';
import { interpret, readA, readAaaa, readMx, readTxt } from '../../src/dns/interpretation.ts';
import { decodeResponse, encodeQuery, matchResponse } from '../../src/dns/message.ts';
import { framed, resolverOn, startRawServer } from './raw-server.ts';

const server = { address: '192.0.2.53', port: 53 };
const query = encodeQuery(0x1234, 'h.example', 'MX', 'plain');

function exchange(): Exchange {
  const made = new Exchange('h.example', 'MX', [server], 1, () => 0x1234);
  assert.equal(made.start().kind, 'send');
  return made;
}

/** A response header with any counts, the question, then `rest`. */
function response(rest: Uint8Array, counts: readonly [number, number, number], flags = 0x8180): Buffer {
  const head = Buffer.from(query.bytes.subarray(0, query.questionEnd));
  head.writeUInt16BE(flags, 2);
  head.writeUInt16BE(counts[0], 6);
  head.writeUInt16BE(counts[1], 8);
  head.writeUInt16BE(counts[2], 10);
  return Buffer.concat([head, rest]);
}

/** Reads the answer as every type, which must not throw either. */
function readAll(message: Buffer): void {
  const decoded = decodeResponse(message);
  if (decoded === undefined) return;
  interpret(decoded, 'h.example', 'MX', readMx, 0);
  interpret(decoded, 'h.example', 'A', readA, 0);
  interpret(decoded, 'h.example', 'AAAA', readAaaa, 0);
  interpret(decoded, 'h.example', 'TXT', readTxt, 0);
}

test('random bytes are not taken for an answer to the question', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const message = Buffer.from(bytes);
      assert.equal(matchResponse(query, message), 'stranger');
      assert.deepEqual(exchange().received(message), { kind: 'listen' });
      readAll(message);
    }),
    { numRuns: 2000 },
  );
});

const flags = fc.constantFrom(0x8180, 0x8183, 0x8182, 0x8181, 0x8380);
const count = fc.oneof(fc.nat(4), fc.constantFrom(499, 500, 501, 0xffff));

test('random records after the right question give an answer, a failed attempt, or another question', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      fc.tuple(count, count, count),
      flags,
      (rest, counts, flags) => {
        const message = response(rest, counts, flags);
        assert.notEqual(matchResponse(query, message), 'stranger');
        const { kind } = exchange().received(message);
        assert.ok(['response', 'failed', 'send'].includes(kind), kind);
        readAll(message);
      },
    ),
    { numRuns: 3000 },
  );
});

const sound = dnsPacket.encode({
  type: 'response',
  id: 0x1234,
  questions: [{ type: 'MX', name: 'h.example' }],
  answers: [
    { type: 'CNAME', name: 'h.example', ttl: 60, data: 'i.example' },
    { type: 'MX', name: 'i.example', ttl: 60, data: { preference: 1, exchange: 'mx.example' } },
    { type: 'A', name: 'mx.example', ttl: 60, data: '192.0.2.1' },
    { type: 'AAAA', name: 'mx.example', ttl: 60, data: '2001:db8::1' },
    { type: 'TXT', name: 'i.example', ttl: 60, data: ['some', 'text'] },
  ],
  authorities: [{ type: 'SOA', name: 'example', ttl: 60, data: { mname: 'a', rname: 'b', minimum: 9 } }],
});

test('a valid answer with any bytes changed, or cut anywhere, does no harm', () => {
  const change = fc.tuple(fc.nat(sound.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6 }), fc.nat(sound.length), (changes, length) => {
      const message = Buffer.from(sound);
      for (const [at, byte] of changes) message[at] = byte;
      for (const bytes of [message, message.subarray(0, length)]) {
        readAll(bytes);
        assert.ok(['listen', 'response', 'failed', 'send'].includes(exchange().received(bytes).kind));
      }
    }),
    { numRuns: 3000 },
  );
});

test('a valid answer that is cut at any byte is never accepted', () => {
  for (let length = 0; length < sound.length; length++) {
    const step: ExchangeStep = exchange().received(sound.subarray(0, length));
    assert.notEqual(step.kind, 'response', `at ${length}`);
  }
  assert.equal(exchange().received(sound).kind, 'response');
});

const malformed: [what: string, rest: Buffer][] = [
  ['a name that points to itself', Buffer.from([0xc0, query.questionEnd, 0, 15, 0, 1, 0, 0, 0, 9, 0, 0])],
  ['a name that points ahead', Buffer.from([0xc0, 0xff, 0, 15, 0, 1, 0, 0, 0, 9, 0, 0])],
  ['a name that points beyond the end', Buffer.from([0xff, 0xff, 0, 15, 0, 1, 0, 0, 0, 9, 0, 0])],
  ['a name that is too long', Buffer.concat([...Array.from({ length: 5 }, label63), Buffer.alloc(11)])],
  ['a label of a kind that is not defined', Buffer.from([0x80, 0, 0, 15, 0, 1, 0, 0, 0, 9, 0, 0])],
  ['record data longer than the message', Buffer.from([0, 0, 99, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 1])],
  ['no record where one is announced', Buffer.alloc(0)],
];

function label63(): Buffer {
  return Buffer.concat([Buffer.from([63]), Buffer.alloc(63, 'x')]);
}

for (const [what, rest] of malformed) {
  test(`${what} makes the answer malformed`, () => {
    const step = exchange().received(response(rest, [1, 0, 0]));
    assert.deepEqual(step, { kind: 'failed', reason: 'a malformed answer from 192.0.2.53' });
  });
}

test('more than five hundred records are too many', () => {
  const record = Buffer.from([0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1]);
  const of = (n: number) => response(Buffer.concat(Array.from({ length: n }, () => record)), [n, 0, 0]);
  assert.equal(exchange().received(of(500)).kind, 'response');
  assert.equal(exchange().received(of(501)).kind, 'failed');
});

test('the longest chains of pointers that fit a message are read quickly', () => {
  // Each pointer leads to the one before it, and each of five hundred names starts at the last.
  const pointers: number[] = [0];
  const start = query.questionEnd + 20;
  for (let at = start + 1; at < 0x3ff0; at += 2) {
    const to = at === start + 1 ? start : at - 2;
    pointers.push(0xc0 | (to >> 8), to & 0xff);
  }
  const last = 0xc000 | (start + pointers.length - 2);
  const txt = Buffer.alloc(11);
  // A record of an unknown type, whose data are the pointers.
  txt.writeUInt16BE(0xff00, 1);
  txt.writeUInt16BE(1, 3);
  txt.writeUInt16BE(pointers.length + 9, 9);
  const body = [txt, Buffer.alloc(9), Buffer.from(pointers)];
  for (let i = 0; i < 499; i++) {
    const record = Buffer.alloc(16);
    record.writeUInt16BE(last, 0);
    record.writeUInt16BE(2, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt16BE(2, 10);
    record.writeUInt16BE(last, 12);
    body.push(record.subarray(0, 14));
  }
  const message = response(Buffer.concat(body), [500, 0, 0]);
  const started = process.cpuUsage();
  const decoded = decodeResponse(message);
  const { user } = process.cpuUsage(started);
  assert.equal(decoded?.answers.length, 500);
  assert.ok(user < 2_000_000, `${user} us of CPU`);
});

test('a malformed record of the wanted type makes the whole answer malformed', () => {
  const decoded = decodeResponse(sound);
  assert.ok(decoded !== undefined);
  assert.equal(interpret(decoded, 'h.example', 'MX', () => undefined, 0).kind, 'unusable');
});

test('malformed answers are a failure, by UDP and by TCP', async (t) => {
  const cutShort = (query: Buffer): Buffer => {
    const message = Buffer.from(query);
    message.writeUInt16BE(0x8380, 2);
    return message;
  };
  const overUdp = await startRawServer(t, (query, send) => {
    const message = cutShort(query);
    message.writeUInt16BE(0x8180, 2);
    message.writeUInt16BE(7, 6);
    send(message);
  });
  assert.deepEqual(await resolverOn(t, [overUdp]).mx('h.example'), {
    kind: 'failed',
    reason: 'a malformed answer from 127.0.0.1',
  });
  const rubbish = Buffer.alloc(65_535, 0xc0);
  const overTcp = await startRawServer(
    t,
    (query, send) => send(cutShort(query)),
    (socket) => socket.on('data', () => socket.write(framed(rubbish))),
  );
  assert.deepEqual(await resolverOn(t, [overTcp]).mx('h.example'), {
    kind: 'failed',
    reason: 'a mismatched answer by TCP from 127.0.0.1',
  });
});

test('alias targets and exchanges with unusual octets are returned as text, and are never asked for', async (t) => {
  const asked: string[] = [];
  const server = await startRawServer(t, (query, send) => {
    const { id, questions } = dnsPacket.decode(query);
    const name = questions?.[0]?.name ?? '';
    asked.push(name);
    send(
      dnsPacket.encode({
        type: 'response',
        id,
        questions,
        answers:
          name === 'alias.example'
            ? [{ type: 'CNAME', name, ttl: 60, data: 'a b\r\n\u0000.example' }]
            : [{ type: 'MX', name, ttl: 60, data: { preference: 1, exchange: 'MX \r\n"\u0000.example' } }],
      }),
    );
  });
  const resolver = resolverOn(t, [server]);
  assert.deepEqual(await resolver.mx('alias.example'), {
    kind: 'failed',
    reason: 'alias.example is an alias of an unusable name',
  });
  const mx = await resolver.mx('odd.example');
  assert.deepEqual(mx.kind === 'found' && mx.records, [
    { preference: 1, exchange: 'mx \r\n"\u0000.example' },
  ]);
  assert.deepEqual(asked, ['alias.example', 'odd.example']);
});
