// The resolver's messages: TCP after truncation, several servers, servers without EDNS, answers to other questions.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import test from 'node:test';
import * as dnsPacket from 'dns-packet';
import { startDnsServer } from '../../sim/dns/dns-server.ts';
import { createResolver } from '../../src/dns/resolver.ts';
import { framed, resolverOn, startRawServer } from './raw-server.ts';
import { resolverDefaults, serve } from './server-and-resolver.ts';

const found = (records: readonly string[]) => ({
  kind: 'found',
  records,
  ttlSeconds: 60,
  authenticated: false,
  canonicalName: 'h.example',
});

/** The answer to a query for A of h.example; `change` may make it wrong. */
function answer(query: Buffer, ip: string, change: (message: dnsPacket.Packet) => void = () => {}): Buffer {
  const { id, questions } = dnsPacket.decode(query);
  const message: dnsPacket.Packet = {
    type: 'response',
    id,
    questions,
    answers: [{ type: 'A', name: 'h.example', ttl: 60, data: ip }],
  };
  change(message);
  return dnsPacket.encode(message);
}

test('a truncated answer is asked for again by TCP', async (t) => {
  const { resolver } = await serve(t, {
    'h.example': { a: ['192.0.2.1'], ttl: 60, behaviour: 'truncate' },
    // Larger than 1232 bytes, so that the server truncates it.
    'many.example': { a: Array.from({ length: 200 }, (_, i) => `198.51.100.${i}`) },
  });
  assert.deepEqual(await resolver.addresses('h.example', 4), found(['192.0.2.1']));
  const many = await resolver.addresses('many.example', 4);
  assert.equal(many.kind === 'found' && many.records.length, 200);
  assert.equal(resolver.stats().tcp, 2);
});

test('a TCP answer may come in any pieces', async (t) => {
  let query = Buffer.alloc(0);
  const server = await startRawServer(
    t,
    (query, send) =>
      send(answer(query, '192.0.2.1', (message) => (message.flags = dnsPacket.TRUNCATED_RESPONSE))),
    (socket) =>
      socket.on('data', (chunk: Buffer) => {
        query = Buffer.concat([query, chunk]);
        const bytes = framed(answer(query.subarray(2), '192.0.2.7'));
        const sendFrom = (i: number): void => {
          if (i < bytes.length) socket.write(bytes.subarray(i, i + 1), () => setImmediate(sendFrom, i + 1));
        };
        sendFrom(0);
      }),
  );
  assert.deepEqual(await resolverOn(t, [server]).addresses('h.example', 4), found(['192.0.2.7']));
});

test('a TCP connection that closes too early, or is refused, is a failure', async (t) => {
  const truncated = (query: Buffer, send: (message: Buffer) => void): void =>
    send(answer(query, '192.0.2.1', (message) => (message.flags = dnsPacket.TRUNCATED_RESPONSE)));
  const early = await startRawServer(t, truncated, (socket) => socket.end(Buffer.from([0, 99, 1])));
  assert.deepEqual(await resolverOn(t, [early]).addresses('h.example', 4), {
    kind: 'failed',
    reason: 'the connection was closed before the answer was complete from 127.0.0.1',
  });
  const refused = await startDnsServer({ zone: { 'h.example': { behaviour: 'truncate' } }, udpOnly: true });
  t.after(() => refused.close());
  const answered = await resolverOn(t, [refused]).addresses('h.example', 4);
  assert.match(answered.kind === 'failed' ? answered.reason : '', /ECONNREFUSED/);
});

test('the next server is asked when one fails, refuses, or is silent', async (t) => {
  const good = await startDnsServer({ zone: { 'h.example': { a: ['192.0.2.1'], ttl: 60 } } });
  t.after(() => good.close());
  for (const behaviour of ['servfail', 'refused', 'drop'] as const) {
    const bad = await startDnsServer({ zone: { 'h.example': { behaviour } } });
    t.after(() => bad.close());
    const resolver = resolverOn(t, [bad, good], { timeoutMs: behaviour === 'drop' ? 20 : 20_000 });
    assert.deepEqual(await resolver.addresses('h.example', 4), found(['192.0.2.1']));
    assert.equal(bad.asked('h.example'), 1);
  }
});

test('a server that cannot be reached delays no answer by a timeout', async (t) => {
  const good = await startDnsServer({ zone: { 'h.example': { a: ['192.0.2.1'], ttl: 60 } } });
  const gone = await startDnsServer({ zone: {} });
  await gone.close();
  t.after(() => good.close());
  const resolver = resolverOn(t, [gone, good]);
  assert.deepEqual(await resolver.addresses('h.example', 4), found(['192.0.2.1']));
  assert.equal(resolver.stats().timeouts, 0);
});

test('a silent server is not asked until it answers a probe', async (t) => {
  const silent = await startDnsServer({
    zone: { 'a.example': { behaviour: 'drop' }, 'b.example': {}, 'c.example': {} },
  });
  const good = await startDnsServer({ zone: {} });
  t.after(() => Promise.all([silent.close(), good.close()]));
  let now = 0;
  const resolver = resolverOn(t, [silent, good], { timeoutMs: 20, now: () => now });
  assert.equal((await resolver.mx('a.example')).kind, 'nxdomain');
  assert.equal((await resolver.mx('b.example')).kind, 'nxdomain');
  assert.equal(silent.asked('b.example'), 0);
  assert.equal(silent.queries.get('. NS') ?? 0, 0);
  now += 30_000;
  // The first question after a while causes the probe, which is answered while other questions continue.
  for (let at = 0; silent.asked('c.example') === 0; at++) {
    await resolver.mx(`${at}.example`);
    await resolver.mx('c.example');
    resolver.flush();
  }
  assert.equal(silent.queries.get('. NS') ?? 0, 1);
});

test('every server is asked as often as configured before a question fails', async (t) => {
  const servers = await Promise.all(
    [0, 1].map(() => startDnsServer({ zone: { 'h.example': { behaviour: 'servfail' } } })),
  );
  t.after(() => Promise.all(servers.map((server) => server.close())));
  const resolver = resolverOn(t, servers, { attempts: 3 });
  assert.equal((await resolver.mx('h.example')).kind, 'failed');
  assert.deepEqual(
    servers.map((server) => server.asked('h.example')),
    [3, 3],
  );
});

for (const [name, rcode] of [
  ['FORMERR', 1],
  ['NOTIMP', 4],
] as const) {
  for (const style of ['whole', 'header only'] as const) {
    test(`a server that says ${name} (${style}) to EDNS is asked without`, async (t) => {
      const additionals: number[] = [];
      const server = await startRawServer(t, (query, send) => {
        const count = dnsPacket.decode(query).additionals?.length ?? 0;
        additionals.push(count);
        if (count === 0) return send(answer(query, '192.0.2.1'));
        const error = answer(query, '192.0.2.1', (message) => {
          message.answers = [];
          if (style === 'header only') message.questions = [];
          message.flags = rcode;
        });
        send(error);
      });
      assert.deepEqual(await resolverOn(t, [server]).addresses('h.example', 4), found(['192.0.2.1']));
      assert.deepEqual(additionals, [1, 0]);
    });
  }
}

test('queries ask for recursion and the AD bit, offer 1232 bytes, and differ in id and port', async (t) => {
  const ids = new Set<number>();
  const ports = new Set<number>();
  const server = await startRawServer(t, (query, send, _socket, peer) => {
    const { id, flag_rd, flag_ad, flag_cd, additionals } = dnsPacket.decode(query);
    ids.add(id ?? -1);
    ports.add(peer.port);
    const opt = additionals?.[0];
    assert.ok(flag_rd && flag_ad && !flag_cd);
    assert.equal(opt?.type === 'OPT' && opt.udpPayloadSize, 1232);
    send(answer(query, '192.0.2.1', (message) => (message.answers = [])));
  });
  const resolver = resolverOn(t, [server]);
  await Promise.all(Array.from({ length: 40 }, (_, i) => resolver.addresses(`h${i}.example`, 4)));
  // A few may be equal by chance.
  assert.ok(ids.size > 30, `${ids.size} ids`);
  assert.ok(ports.size > 30, `${ports.size} ports`);
});

test('a validating server is asked for signatures, in datagrams of 4096 bytes', async (t) => {
  const server = await startRawServer(t, (query, send) => {
    const { flag_rd, flag_ad, flag_cd, additionals } = dnsPacket.decode(query);
    const opt = additionals?.[0];
    assert.ok(flag_rd && flag_ad && !flag_cd);
    assert.ok(opt?.type === 'OPT' && opt.flag_do && opt.udpPayloadSize === 4096);
    send(answer(query, '192.0.2.1', (message) => (message.flags = dnsPacket.AUTHENTIC_DATA)));
  });
  const resolver = resolverOn(t, [server], { validating: true });
  assert.deepEqual(await resolver.addresses('h.example', 4), {
    ...found(['192.0.2.1']),
    authenticated: true,
  });
});

test('a validating server is asked with less, in one try, while it does not understand or its signatures cannot be read', async (t) => {
  const offers: string[] = [];
  const server = await startRawServer(t, (query, send) => {
    const opt = dnsPacket.decode(query).additionals?.[0];
    const offer = opt?.type !== 'OPT' ? 'none' : opt.flag_do ? 'dnssec' : 'plain';
    offers.push(offer);
    if (offer === 'none') {
      send(answer(query, '192.0.2.1', (message) => (message.flags = dnsPacket.AUTHENTIC_DATA)));
    } else if (offer === 'plain') {
      send(answer(query, '192.0.2.1', (message) => Object.assign(message, { answers: [], flags: 1 })));
    } else {
      const whole = answer(query, '192.0.2.1');
      // Two records are announced, and there is one.
      whole.writeUInt16BE(2, 6);
      send(whole);
    }
  });
  const resolver = resolverOn(t, [server], { validating: true });
  assert.deepEqual(await resolver.addresses('h.example', 4), {
    ...found(['192.0.2.1']),
    authenticated: true,
  });
  assert.deepEqual(offers, ['dnssec', 'plain', 'none']);
});

for (const [what, spoil] of [
  ['another id', (message: Buffer) => message.writeUInt16BE(message.readUInt16BE(0) ^ 1, 0)],
  ['the query bit', (message: Buffer) => message.writeUInt8(message.readUInt8(2) & 0x7f, 2)],
  ['another opcode', (message: Buffer) => message.writeUInt8(message.readUInt8(2) | 0x20, 2)],
  ['another name', (message: Buffer) => message.write('g', 13)],
  ['another type', (message: Buffer) => message.writeUInt16BE(28, 12 + 11)],
  ['another class', (message: Buffer) => message.writeUInt16BE(3, 12 + 13)],
  ['no question', (message: Buffer) => message.writeUInt16BE(0, 4)],
  ['two questions', (message: Buffer) => message.writeUInt16BE(2, 4)],
] as const) {
  test(`an answer with ${what} is ignored, and the right one is still accepted`, async (t) => {
    const server = await startRawServer(t, (query, send) => {
      const spoilt = answer(query, '203.0.113.66');
      spoil(spoilt);
      send(spoilt);
      send(answer(query, '192.0.2.1'));
    });
    const resolver = resolverOn(t, [server]);
    assert.deepEqual(await resolver.addresses('h.example', 4), found(['192.0.2.1']));
    assert.equal(resolver.stats().sent, 1);
  });
}

test('the question in an answer may be in another case', async (t) => {
  const server = await startRawServer(t, (query, send) => {
    const message = answer(query, '192.0.2.1');
    message.write('H', 13);
    message.write('eXaMpLe', 15);
    send(message);
  });
  assert.deepEqual(await resolverOn(t, [server]).addresses('h.example', 4), found(['192.0.2.1']));
});

test('an answer from another port is ignored', async (t) => {
  const stranger = createSocket('udp4');
  t.after(() => stranger.close());
  const server = await startRawServer(t, (query, send, _socket, peer) => {
    stranger.send(answer(query, '203.0.113.66'), peer.port, peer.address, () =>
      send(answer(query, '192.0.2.1')),
    );
  });
  assert.deepEqual(await resolverOn(t, [server]).addresses('h.example', 4), found(['192.0.2.1']));
});

test('after a flood of wrong answers the question is asked by TCP, where answers cannot be guessed', async (t) => {
  const server = await startRawServer(
    t,
    (query, send) => {
      for (let i = 1; i <= 20; i++) {
        const guess = answer(query, '203.0.113.66');
        guess.writeUInt16BE((guess.readUInt16BE(0) + i) & 0xffff, 0);
        send(guess);
      }
    },
    (socket) =>
      socket.on('data', (query: Buffer) => socket.write(framed(answer(query.subarray(2), '192.0.2.1')))),
  );
  const resolver = resolverOn(t, [server]);
  assert.deepEqual(await resolver.addresses('h.example', 4), found(['192.0.2.1']));
  assert.equal(resolver.stats().tcp, 1);
});

test('a referral is no answer: the next server is asked', async (t) => {
  const referring = await startRawServer(t, (query, send) =>
    send(
      answer(query, '', (message) => {
        message.answers = [];
        message.authorities = [{ type: 'NS', name: 'example', ttl: 60, data: 'ns.example' }];
      }),
    ),
  );
  const good = await startDnsServer({ zone: { 'h.example': { a: ['192.0.2.1'], ttl: 60 } } });
  t.after(() => good.close());
  assert.deepEqual(await resolverOn(t, [referring, good]).addresses('h.example', 4), found(['192.0.2.1']));
  const alone = await resolverOn(t, [referring]).addresses('h.example', 4);
  assert.match(alone.kind === 'failed' ? alone.reason : '', /referral/);
});

test('an empty answer without an SOA is nodata that is not cached', async (t) => {
  let asked = 0;
  const server = await startRawServer(t, (query, send) => {
    asked++;
    send(answer(query, '', (message) => (message.answers = [])));
  });
  const resolver = resolverOn(t, [server], { minTtlSeconds: 30 });
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await resolver.addresses('h.example', 4), {
      kind: 'nodata',
      ttlSeconds: 0,
      authenticated: false,
    });
  }
  assert.equal(asked, 2);
});

test('records of other names, types and classes in the answer are ignored', async (t) => {
  const server = await startRawServer(t, (query, send) =>
    send(
      answer(query, '192.0.2.1', (message) => {
        message.answers?.unshift(
          { type: 'A', name: 'other.example', ttl: 1, data: '203.0.113.1' },
          { type: 'A', class: 'CH', name: 'h.example', ttl: 1, data: '203.0.113.2' },
          { type: 'TXT', name: 'h.example', ttl: 1, data: 'no' },
        );
      }),
    ),
  );
  assert.deepEqual(await resolverOn(t, [server]).addresses('h.example', 4), found(['192.0.2.1']));
});

test('a TTL with its top bit set is zero (RFC 2181 8)', async (t) => {
  const server = await startRawServer(t, (query, send) =>
    send(
      answer(query, '', (message) => {
        message.answers = [{ type: 'A', name: 'h.example', ttl: 0x8000_0001, data: '192.0.2.1' }];
      }),
    ),
  );
  const answered = await resolverOn(t, [server]).addresses('h.example', 4);
  assert.equal(answered.kind === 'found' && answered.ttlSeconds, 0);
});

test('a server with an IPv6 address is asked', async (t) => {
  const server = await startDnsServer({
    address: '::1',
    zone: { 'h.example': { a: ['192.0.2.1'], ttl: 60, behaviour: 'truncate' } },
  });
  t.after(() => server.close());
  assert.deepEqual(await resolverOn(t, [server]).addresses('h.example', 4), found(['192.0.2.1']));
});

test('options that no resolver can have throw', () => {
  const server = { address: '127.0.0.1', port: 53 };
  for (const options of [
    { servers: [] },
    { servers: [{ address: 'ns.example', port: 53 }] },
    { servers: [{ address: '127.0.0.1', port: 0 }] },
    { servers: [server], attempts: 0 },
    { servers: [server], maxInFlight: 0 },
    { servers: [server], hangingMs: 0 },
    { servers: [server], maxHanging: 0 },
    { servers: [server], timeoutMs: Number.NaN },
  ]) {
    assert.throws(() => createResolver({ ...resolverDefaults, ...options }), {
      code: 'DNS_RESOLVER_OPTIONS',
    });
  }
});
