// Hundreds of domains whose hosts accept connections and never greet, and more than a thousand whose name servers do not
// answer, all of them ahead of the living domains, with far fewer connections than dead domains: the living get their mail
// while Sluice still waits for every dead one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDnsServer, type ZoneName } from '../../sim/dns/dns-server.ts';
import { startMx } from '../../sim/mx/mx.ts';
import { startSilentHost } from '../../sim/mx/silent-host.ts';
import { submit, type Submission } from '../../sim/mx/submitter.ts';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';

const dead = Array.from({ length: 600 }, (_, i) => ({
  domain: `d${i}.dead.test`,
  ip: `127.31.${i >> 8}.${i & 255}`,
}));
/** More than the questions that may be open to name servers at once. */
const lame = Array.from({ length: 1_200 }, (_, i) => ({ domain: `n${i}.lame.test` }));
const living = Array.from({ length: 10 }, (_, i) => ({
  domain: `l${i}.living.test`,
  ip: `127.32.0.${i + 1}`,
}));
const atOnce = 40;

function* mail(domains: readonly { readonly domain: string }[], each: number): Generator<Submission> {
  for (const { domain } of domains)
    for (let i = 0; i < each; i++)
      yield { id: `${domain}.${i}@client.test`, from: 'sender@client.test', to: [`person@${domain}`] };
}

test('mail for living domains is delivered while hundreds of dead hosts hang', async (t) => {
  const ground = Ground.of(t);
  const port = await freePort();
  const zone: Record<string, ZoneName> = {};
  for (const { domain, ip } of [...dead, ...living]) {
    zone[domain] = { mx: [{ preference: 10, exchange: `mx.${domain}` }] };
    zone[`mx.${domain}`] = { a: [ip] };
  }
  for (const { domain } of lame) zone[domain] = { behaviour: 'drop' };
  const dns = await startDnsServer({ zone });
  const silent = await startSilentHost(
    dead.map(({ ip }) => ip),
    port,
  );
  const each = 20;
  const everything = Promise.withResolvers<void>();
  let arrived = 0;
  const onMessage = (): void => {
    arrived++;
    if (arrived === living.length * each) everything.resolve();
  };
  const mxs = await Promise.all(living.map(({ ip }) => startMx({ address: ip, port, onMessage })));
  ground.atEnd(async () => {
    await Promise.all([dns.close(), silent.close(), ...mxs.map((mx) => mx.close())]);
  });
  const sluice = await startSluice(ground, {
    config: {
      log: { level: 'warn' },
      // No timeout ends before the test does.
      dns: { servers: [`${dns.address}:${dns.port}`], timeout: '5m' },
      deliver: { port, ipv6: false, max_connections: atOnce },
    },
  });
  const client = { address: '127.0.0.1', port: sluice.port, connections: 5 };
  await submit(mail(lame, 1), client);
  await submit(mail(dead, 1), client);
  await until('all connections that there may be are taken', () => silent.opened() >= atOnce);
  await submit(mail(living, each), client);
  await everything.promise;

  assert.equal(silent.closed(), 0, 'no connection is given up while max_unanswered has room');
  // Dead domains are tried, too, each once.
  await until('all dead hosts are tried', () => silent.opened() === dead.length);
  const waiting = (await sluice.cli('queue', 'list', '--json', '--limit', '0')).trim().split('\n');
  const rows = waiting.map(
    (line) => JSON.parse(line) as { readonly state: string; readonly attempts: number },
  );
  assert.ok(rows.every(({ attempts }) => attempts === 0));
  const inState = (wanted: string): number => rows.filter(({ state }) => state === wanted).length;
  assert.equal(inState('active'), dead.length);
  assert.equal(inState('resolving'), lame.length);
  assert.equal(rows.length, dead.length + lame.length);
  const { limits } = JSON.parse(await sluice.cli('limits', '--json')) as {
    readonly limits: readonly {
      readonly id: string;
      readonly counters: readonly { readonly used: number }[];
    }[];
  };
  const used = (id: string): number => limits.find((limit) => limit.id === id)?.counters[0]?.used ?? 0;
  assert.ok(used('global') <= atOnce);
  assert.ok(used('unanswered') >= dead.length - atOnce);
});
