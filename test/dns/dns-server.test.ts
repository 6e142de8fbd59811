// The simulated DNS server itself, tested with Node's resolver, which is independent of ours.

import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'node:test';
import * as dnsPacket from 'dns-packet';
import { startDnsServer, type Zone } from '../../sim/dns/dns-server.ts';
import { framed } from './raw-server.ts';

const zone: Zone = {
  'example.com': {
    mx: [{ preference: 10, exchange: 'mx.example.com' }],
    txt: [`v=spf1 ${'x'.repeat(300)}`],
  },
  'mx.example.com': { a: ['192.0.2.1', '192.0.2.2'], aaaa: ['2001:db8::1'], ttl: 42 },
  'www.example.com': { cname: 'mx.example.com' },
  'big.example.com': { a: Array.from({ length: 200 }, (_, i) => `198.51.100.${i}`) },
  'broken.example.com': { behaviour: 'servfail' },
  'half.example.com': { a: ['192.0.2.3'], behaviour: 'servfail', behaviourTypes: ['AAAA'] },
};

test("the server answers Node's resolver", async (t) => {
  const server = await startDnsServer({ zone });
  t.after(() => server.close());
  const resolver = new Resolver();
  resolver.setServers([`${server.address}:${server.port}`]);
  const [mx] = await resolver.resolveMx('EXAMPLE.com');
  assert.deepEqual([mx?.priority, mx?.exchange], [10, 'mx.example.com']);
  assert.deepEqual(await resolver.resolve4('mx.example.com', { ttl: true }), [
    { address: '192.0.2.1', ttl: 42 },
    { address: '192.0.2.2', ttl: 42 },
  ]);
  assert.deepEqual(await resolver.resolve6('mx.example.com'), ['2001:db8::1']);
  assert.deepEqual(await resolver.resolveCname('www.example.com'), ['mx.example.com']);
  assert.deepEqual(await resolver.resolve4('www.example.com'), ['192.0.2.1', '192.0.2.2']);
  assert.equal((await resolver.resolveTxt('example.com'))[0]?.join(''), `v=spf1 ${'x'.repeat(300)}`);
  // The answer is too large for UDP, so the resolver asks by TCP.
  assert.equal((await resolver.resolve4('big.example.com')).length, 200);
  assert.deepEqual(await resolver.resolve4('half.example.com'), ['192.0.2.3']);
  await assert.rejects(resolver.resolve6('half.example.com'), { code: 'ESERVFAIL' });
  await assert.rejects(resolver.resolve4('example.com'), { code: 'ENODATA' });
  await assert.rejects(resolver.resolve4('gone.example.com'), { code: 'ENOTFOUND' });
  await assert.rejects(resolver.resolve4('broken.example.com'), { code: 'ESERVFAIL' });
  assert.equal(server.asked('example.com', 'MX'), 1);
  assert.equal(server.queries.get('gone.example.com A'), 1);
});

test('names can be changed while it runs', async (t) => {
  const server = await startDnsServer({ zone: {} });
  t.after(() => server.close());
  const resolver = new Resolver();
  resolver.setServers([`${server.address}:${server.port}`]);
  await assert.rejects(resolver.resolve4('new.example'), { code: 'ENOTFOUND' });
  server.set('New.example', { a: ['192.0.2.5'] });
  assert.deepEqual(await resolver.resolve4('new.example'), ['192.0.2.5']);
  server.set('new.example', undefined);
  await assert.rejects(resolver.resolve4('new.example'), { code: 'ENOTFOUND' });
});

test('several questions on one TCP connection, in any pieces, are all answered', async (t) => {
  const server = await startDnsServer({ zone });
  t.after(() => server.close());
  const socket = connect(server.port, server.address);
  const questions = [1, 2, 3].map((id) =>
    framed(dnsPacket.encode({ type: 'query', id, questions: [{ type: 'MX', name: 'example.com' }] })),
  );
  const bytes = Buffer.concat(questions);
  socket.write(bytes.subarray(0, 1));
  socket.write(bytes.subarray(1, 40));
  socket.end(bytes.subarray(40));
  let held = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => (held = Buffer.concat([held, chunk])));
  await once(socket, 'end');
  const ids: number[] = [];
  while (held.length > 0) {
    const end = held.readUInt16BE(0) + 2;
    ids.push(dnsPacket.decode(held.subarray(2, end)).id ?? 0);
    held = held.subarray(end);
  }
  assert.deepEqual(ids, [1, 2, 3]);
});
