// Scanners of tenants, in isolation: one that is slow or dead delays mail of its own tenant alone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stage } from '../../src/policy/stage.ts';
import type { Tenant } from '../../src/policy/tenants.ts';
import { clamdStage, turnOf } from '../policy/clamd/clamd-fixture.ts';
import { ScriptedClamd } from '../policy/clamd/scripted-clamd.ts';
import { milterStage, sendMessage } from '../policy/milter/milter-fixture.ts';
import { type Answers, goOnPacket, ScriptedMilter } from '../policy/milter/scripted-milter.ts';
import { WatchedPlaces } from '../policy/watched-places.ts';
import { type Client, type Fixture, greeted, start } from './fixture.ts';

const tenants: readonly Tenant[] = ['shop', 'bank'].map((name) => ({
  name,
  sender: [{ kind: 'domain', domain: `${name}.example` }],
  client: [],
  priority: 0,
}));

interface Scanner {
  readonly places: WatchedPlaces;
  readonly stage: Stage;
  /** Resolves when so many sessions have asked it. */
  asked(count: number): Promise<void>;
  /** Answers all that have asked. */
  answer(): void;
}

const breaker = { failures: 1, restMs: 60_000 };

/** Each hangs until it is told to answer, has one place, and a line of one. */
const kinds: Readonly<Record<string, (t: Parameters<typeof start>[0]) => Promise<Scanner>>> = {
  clamd: async (t) => {
    const clamd = await ScriptedClamd.start(t, { say: () => undefined });
    const places = new WatchedPlaces(1, 1);
    return {
      places,
      stage: clamdStage(clamd, { name: 'shop', turn: { ...turnOf({}), places }, breaker }),
      asked: (count) => clamd.until(() => clamd.talks[count - 1]?.isWhole === true),
      answer: () => {
        for (const { socket } of clamd.talks) socket.write('stream: OK\0');
      },
    };
  },
  milter: async (t) => {
    const gate = Promise.withResolvers<void>();
    const answer = (): Promise<Answers> => gate.promise.then(() => [goOnPacket]);
    const milter = await ScriptedMilter.start(t, { answer });
    const places = new WatchedPlaces(1, 1);
    return {
      places,
      stage: milterStage(milter.address, { name: 'shop', places, breaker }),
      // The first hangs until all are answered.
      asked: (count) => (count === 1 ? places.came(1) : milter.until(() => milter.talks.length === count)),
      answer: () => gate.resolve(),
    };
  },
};

async function clientsOf(fixture: Fixture, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  for (let at = 0; at < count; at++) clients.push(await greeted(fixture));
  return clients;
}

async function lastOf(client: Client | undefined, tenant: string): Promise<string> {
  assert.ok(client !== undefined);
  return (await sendMessage(client, { from: `a@${tenant}.example` })).at(-1) ?? '';
}

for (const [kind, scannerOf] of Object.entries(kinds)) {
  test(`a ${kind} of one tenant that hangs delays nobody else, and its own line is bounded`, async (t) => {
    const shop = await scannerOf(t);
    const bank = await ScriptedClamd.start(t);
    const fixture = await start(t, {
      tenants,
      settings: { maxConnections: 10, maxConnectionsPerClient: 10 },
      stages: [
        { stage: shop.stage, tenants: ['shop'] },
        {
          stage: clamdStage(bank, { name: 'bank', turn: turnOf({ most: 1, waiting: 0 }) }),
          tenants: ['bank'],
        },
      ],
    });
    const [asks, waits, beyond, other, nobodys] = await clientsOf(fixture, 5);
    const asking = lastOf(asks, 'shop');
    await shop.asked(1);
    const waiting = lastOf(waits, 'shop');
    await shop.places.came(2);
    assert.match(await lastOf(beyond, 'shop'), /^451 4\.3\.2 A check of this server is busy/);
    assert.match(await lastOf(other, 'bank'), /^250 /);
    assert.match(await lastOf(nobodys, 'elsewhere'), /^250 /);
    assert.equal(bank.talks.length, 1);
    // The client that came too late did not make it count as broken.
    shop.answer();
    assert.match(await asking, /^250 /);
    asks?.socket.end('QUIT\r\n');
    await shop.asked(2);
    shop.answer();
    assert.match(await waiting, /^250 /);
    assert.equal(fixture.spool.kept.length, 4);
  });
}
