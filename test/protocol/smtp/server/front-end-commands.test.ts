// XCLIENT and XFORWARD: their attributes, and when they are allowed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readXclient, readXforward } from '../../../../src/protocol/smtp/server/front-end-commands.ts';
import { ServerSession } from '../../../../src/protocol/smtp/server/server-session.ts';
import type { Leniency } from '../../../../src/protocol/smtp/server/server-types.ts';
import { encodeXtext } from '../../../../src/protocol/smtp/xtext.ts';
import { drive, usualOptions } from './drive.ts';

const plain: Leniency = { oddCommands: false, defaultDomain: '' };
const frontEnd: Leniency = { ...plain, xclient: true, xforward: true };

/** What was said; undefined when the command was refused. */
function said(read: object): object | undefined {
  if ('code' in read) return undefined;
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
}

test('XCLIENT with all attributes, in xtext', () => {
  const line =
    ' NAME=a.example ADDR=203.0.113.9 PORT=40000 PROTO=esmtp HELO=b+2Eexample LOGIN=me+40example DESTADDR=IPV6:2001:DB8:0::1 DESTPORT=25';
  assert.deepEqual(said(readXclient(line)), {
    name: 'a.example',
    address: '203.0.113.9',
    port: '40000',
    protocol: 'ESMTP',
    helo: 'b.example',
    login: 'me@example',
    destination: '2001:db8::1',
    destinationPort: '25',
  });
});

test('an address is canonical, and a mapped one is IPv4', () => {
  for (const [text, address] of [
    ['IPV6:2001:db8:0:0:0:0:0:1', '2001:db8::1'],
    ['ipv6:::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['[UNAVAILABLE]', ''],
  ]) {
    assert.deepEqual(said(readXclient(` addr=${text}`)), { address });
  }
});

test('[UNAVAILABLE] and [TEMPUNAVAIL] are empty values', () => {
  const text = ' NAME=[tempunavail] LOGIN=[UNAVAILABLE] PORT=[UNAVAILABLE] PROTO=[UNAVAILABLE]';
  assert.deepEqual(said(readXclient(text)), { name: '', login: '', port: '', protocol: '' });
});

test('XFORWARD with all attributes', () => {
  const text = ' NAME=a.example ADDR=IPV6:2001:db8::1 PORT=1 PROTO=SMTP HELO=b IDENT=4X2 SOURCE=remote';
  assert.deepEqual(said(readXforward(text)), {
    name: 'a.example',
    address: '2001:db8::1',
    port: '1',
    protocol: 'SMTP',
    helo: 'b',
    id: '4X2',
    source: 'REMOTE',
  });
});

test('ADDR of XFORWARD has one form for each address, and is left as it is when it is none', () => {
  for (const [text, address] of [
    ['IPV6:::ffff:203.0.113.9', '203.0.113.9'],
    ['ipv6:2001:DB8:0::1', '2001:db8::1'],
    ['203.0.113.9', '203.0.113.9'],
    ['[UNAVAILABLE]', ''],
    ['a.client.of.uucp', 'a.client.of.uucp'],
  ]) {
    assert.deepEqual(said(readXforward(` ADDR=${text}`)), { address });
  }
});

const malformed = [
  '',
  ' ',
  ' NAME',
  ' NAME=',
  ' =a',
  ' NAME=a NAME=b',
  ' NAME=a name=b',
  ' WHAT=a',
  ' __proto__=a',
  ' constructor=a',
  ' NAME=a+0',
  ' NAME=a+GG',
  ' NAME=a=b',
  ' NAME=a+0Db',
  ' NAME=a+0Ab',
  ' NAME=a+00',
  ' NAME=a+7F',
  ' NAME=a+C2+85',
  ' NAME=a+FF',
  ` NAME=${'a'.repeat(256)}`,
  ' PORT=65536',
  ' PORT=01',
  ' PORT=-1',
  ' PORT=1+20',
];

for (const text of malformed) {
  test(`both refuse${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.equal(said(readXclient(text)), undefined);
    assert.equal(said(readXforward(text)), undefined);
  });
}

test('XCLIENT refuses addresses and protocols that are none, and attributes of XFORWARD', () => {
  for (const text of [
    'ADDR=203.0.113',
    'ADDR=203.0.113.09',
    'ADDR=IPV6:203.0.113.9',
    'ADDR=IPV6:fe80::1%25eth0',
    'ADDR=fe80::1+25eth0',
    'ADDR=localhost',
    'PROTO=LMTP',
    'DESTADDR=x',
    'IDENT=x',
    'SOURCE=LOCAL',
  ]) {
    assert.equal(said(readXclient(` ${text}`)), undefined, text);
  }
  assert.equal(said(readXforward(' LOGIN=x')), undefined);
  assert.equal(said(readXforward(' SOURCE=elsewhere')), undefined);
});

test('fuzz: a line is refused, or every value is bounded and has no control character', () => {
  const word = fc.oneof(
    fc.constantFrom('NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'LOGIN', 'IDENT', 'SOURCE', 'DESTADDR'),
    fc.string({ unit: 'binary', maxLength: 6 }),
  );
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string().map(encodeXtext),
    fc.ipV4(),
    fc.ipV6(),
  );
  const pair = fc.tuple(word, fc.constantFrom('=', '==', ''), value).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 5 }), (pairs) => {
      const text = ` ${pairs.join(' ')}`;
      for (const read of [readXclient(text), readXforward(text)]) {
        for (const each of Object.values(said(read) ?? {}) as string[]) {
          assert.ok(each.length <= 255);
          assert.doesNotMatch(each, /[\x00-\x1f\x7f-\x9f]/);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test('fuzz: whatever text a front end encodes, it is read as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), (text) => {
      fc.pre(text.length <= 255 && !/^\[|[\x00-\x1f\x7f-\x9f]/.test(text) && text.isWellFormed());
      assert.deepEqual(said(readXclient(` LOGIN=${encodeXtext(text)}`)), { login: text });
      assert.deepEqual(said(readXforward(` IDENT=${encodeXtext(text)}`)), { id: text });
    }),
  );
});

test('nobody else is offered them, and nobody else may use them', () => {
  const { output, events } = drive([
    'EHLO a\r\nXCLIENT ADDR=203.0.113.9\r\nXFORWARD NAME=a\r\nXCLIENTADDR\r\nXFOR\r\nQUIT\r\n',
  ]);
  assert.doesNotMatch(output, /250[ -]X/);
  assert.equal(output.match(/^550 5\.7\.0 /gm)?.length, 2);
  assert.equal(output.match(/^500 5\.5\.2 /gm)?.length, 2);
  assert.ok(!events.some((event) => event.startsWith('x')));
});

test('a front end is offered them, needs XCLIENT with ADDR before mail, and gets a new session by it', () => {
  const session = new ServerSession(usualOptions, frontEnd);
  const say = (line: string): string => {
    session.receive(Buffer.from(`${line}\r\n`));
    const event = session.next();
    if (event?.kind === 'xclient') session.restart(usualOptions, frontEnd);
    else if (session.awaitingAnswer) session.accept();
    session.next();
    return Buffer.from(session.takeOutput() ?? '').toString();
  };
  session.greet();
  session.takeOutput();
  assert.match(say('EHLO proxy'), /^250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT\r$/m);
  assert.match(say('EHLO proxy'), /^250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r$/m);
  assert.match(say('MAIL FROM:<a@example.net>'), /^503 5\.5\.1 Say XCLIENT/);
  assert.match(say('XCLIENT NAME=x'), /^220 mx\.example/);
  assert.match(say('EHLO proxy'), /^250-mx/);
  assert.match(say('MAIL FROM:<a@example.net>'), /^503 5\.5\.1 Say XCLIENT/);
  assert.match(say('XCLIENT ADDR=203.0.113.9'), /^220 mx\.example/);
  assert.match(say('MAIL FROM:<a@example.net>'), /^503 5\.5\.1 Say HELO/);
  assert.match(say('HELO proxy'), /^250 mx/);
  assert.match(say('XFORWARD NAME=x'), /^250 /);
  assert.match(say('MAIL FROM:<a@example.net>'), /^250 /);
  assert.match(say('XCLIENT ADDR=203.0.113.9'), /^503 5\.5\.1 Not possible|^503 Not possible/);
  assert.match(say('XFORWARD NAME=x'), /^503 /);
});
