// What a central server is told of a client by XCLIENT, and that our own central servers read it as it was meant.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { offeredXclient, xclientCommand } from '../../src/front/xclient.ts';
import { readXclient } from '../../src/protocol/smtp/server/front-end-commands.ts';

const all = offeredXclient(['SIZE 1000', 'xclient name ADDR PORT PROTO HELO LOGIN']);
const client = {
  name: undefined,
  login: undefined,
  address: '192.0.2.7',
  port: 4025,
  helo: 'client.example',
  extended: true,
};

test('the attributes that are offered are told, and no other', () => {
  assert.equal(
    xclientCommand({ ...client, name: 'c.example', login: 'joe+x@example.com' }, '', all),
    'XCLIENT NAME=c.example ADDR=192.0.2.7 PORT=4025 PROTO=ESMTP HELO=client.example LOGIN=joe+2Bx@example.com',
  );
  assert.equal(
    xclientCommand(client, '', offeredXclient(['XCLIENT ADDR HELO'])),
    'XCLIENT ADDR=192.0.2.7 HELO=client.example',
  );
  assert.equal(offeredXclient(['XCLIENTS ADDR', 'SIZE']).size, 0);
});

test('what is not known is told as such, and a program of this host has the address of this host', () => {
  const local = {
    name: undefined,
    login: undefined,
    address: '',
    port: undefined,
    helo: 'x',
    extended: false,
  };
  assert.equal(
    xclientCommand(local, '2001:db8::1', all),
    'XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::1 PORT=[UNAVAILABLE] PROTO=SMTP HELO=x LOGIN=[UNAVAILABLE]',
  );
});

test('no name that a client says makes the central server take it for unknown, or ends the line', () => {
  const names = fc.oneof(
    fc.constantFrom('[UNAVAILABLE]', '[unavailable]', '[TEMPUNAVAIL]', '€'.repeat(255), 'x\r\nQUIT', ' '),
    fc.string({ minLength: 1, unit: 'binary', maxLength: 600 }),
  );
  fc.assert(
    fc.property(names, (helo) => {
      const line = xclientCommand({ ...client, helo: helo.toWellFormed() }, '', all);
      assert.ok(/^[ -~]*$/u.test(line) && line.length < 512, line);
      const read = readXclient(line.slice('XCLIENT'.length));
      assert.ok('helo' in read, line);
      assert.notEqual(read.helo, '');
    }),
  );
});
