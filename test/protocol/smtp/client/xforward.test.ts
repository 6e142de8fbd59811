// The commands of XFORWARD, read again by our own server: whatever a value is, the line is well formed and short.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { offeredAttributes, xforwardCommands } from '../../../../src/protocol/smtp/client/xforward.ts';
import { readXforward } from '../../../../src/protocol/smtp/server/front-end-commands.ts';

const all = offeredAttributes('NAME ADDR PORT PROTO HELO IDENT SOURCE');
const text = fc.string({ unit: 'binary', maxLength: 300 });

test('every command is a line of at most 512 bytes that a server can read, and has what is known', () => {
  const clients = fc.record({
    address: fc.oneof(fc.ipV4(), fc.ipV6(), text),
    helo: text,
    id: text,
    protocol: text,
    isRemote: fc.boolean(),
  });
  fc.assert(
    fc.property(clients, fc.subarray([...all]), (client, offered) => {
      const told = new Map<string, string>();
      for (const command of xforwardCommands(client, offered)) {
        assert.match(command, /^XFORWARD [!-~ ]+\r\n$/);
        assert.ok(command.length <= 512, `${command.length} bytes`);
        const facts = readXforward(command.slice('XFORWARD '.length, -2));
        assert.ok(!('code' in facts), command);
        for (const [name, value] of Object.entries(facts)) if (value !== undefined) told.set(name, value);
      }
      assert.equal(told.size, offered.length);
      if (offered.includes('SOURCE')) assert.equal(told.get('source'), client.isRemote ? 'REMOTE' : 'LOCAL');
      if (offered.includes('HELO') && /^[!-~]{1,130}$/.test(client.helo))
        assert.equal(told.get('helo'), client.helo);
    }),
  );
});

test('a client that is known is told in one command', () => {
  const client = { address: '192.0.2.1', helo: 'client.example', id: '4X', protocol: '', isRemote: false };
  assert.deepEqual(xforwardCommands(client, all), [
    'XFORWARD NAME=[UNAVAILABLE] ADDR=192.0.2.1 PORT=[UNAVAILABLE] PROTO=[UNAVAILABLE] HELO=client.example IDENT=4X SOURCE=LOCAL\r\n',
  ]);
  assert.deepEqual(xforwardCommands(client, []), []);
});
