// Mail to very many domains, a wave at a time, through the scheduler and the router on virtual time. State that is no longer
// needed is freed, so that memory does not grow with the number of domains seen so far.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { simpleLimits } from '../../sim/world/simple-limits.ts';
import type { Answer, MxRecord, Resolver } from '../../src/dns/types.ts';
import { createRouter } from '../../src/route/create-router.ts';
import type { Router } from '../../src/route/types.ts';
import { createScheduler } from '../../src/schedule/create-scheduler.ts';
import { drive, type EffectHandlers, type EffectOf } from '../../src/schedule/drive.ts';
import type { ConnectionHandle, Scheduler } from '../../src/schedule/types.ts';
import { ignored } from './table.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const startMs = Date.UTC(2026, 0, 1);
const waveDomains = 20_000;

/** Every domain has its own host and address, and all answers have a TTL of an hour. */
const resolver: Resolver = {
  mx: (domain) => found<MxRecord>(domain, { preference: 10, exchange: `mx.${domain}` }),
  addresses: (host) => {
    const number = Number(/\d+/u.exec(host)?.[0]);
    return found(host, `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`);
  },
  txt: () => Promise.resolve({ kind: 'failed', reason: 'nobody asks' }),
  tlsa: () => Promise.resolve({ kind: 'failed', reason: 'nobody asks' }),
  cname: () => Promise.resolve({ kind: 'failed', reason: 'nobody asks' }),
  ptr: () => Promise.resolve({ kind: 'failed', reason: 'nobody asks' }),
  flush: () => undefined,
  stats: () => assert.fail('nobody asks'),
  outage: undefined,
  onOutage: () => undefined,
  close: () => undefined,
};

function found<T>(name: string, record: T): Promise<Answer<T>> {
  const answer = { kind: 'found', records: [record], ttlSeconds: 3_600, authenticated: false } as const;
  return Promise.resolve({ ...answer, canonicalName: name });
}

/** A minimal manager: every message is delivered over its own connection. */
class World {
  nowMs = startMs;
  readonly scheduler: Scheduler;
  readonly #router: Router;
  delivered = 0;

  constructor() {
    this.scheduler = createScheduler(
      {
        retryMs: [300_000],
        retryJitter: 0.1,
        lifetimeMs: 5 * 86_400_000,
        bounceLifetimeMs: 86_400_000,
        idleConnectionMs: 1_000,
        recipientsPerTransaction: 100,
        transactionsPerConnection: 100,
        addressRestMs: [60_000],
        limits: simpleLimits({ global: 100, perDomain: 20, perSite: 20, perIp: 20 }),
        adapt: { enabled: true, startConnections: 5 },
        seed: 1,
      },
      startMs,
    );
    this.#router = createRouter({
      rules: [],
      resolver,
      isOwnAddress: () => false,
      ownNames: [],
      ipv4: true,
      ipv6: false,
      smtpPort: 25,
      random: () => 0.5,
      now: () => this.nowMs,
    });
  }

  async deliver(domain: string): Promise<void> {
    const { scheduler } = this;
    this.nowMs += 2;
    const facts = { queueId: `id-${domain}`, receivedAtMs: this.nowMs, nullSender: false, held: false };
    const message = scheduler.begin(facts);
    const route = this.#router.routeOf('a@client.test', `b@${domain}`);
    const { key } = route;
    scheduler.add(message, {
      recipient: 0,
      route: key,
      domain: route.domain,
      attempts: 0,
      nextAttemptAtMs: 0,
      lastRefusal: '',
    });
    scheduler.commit(message, this.nowMs);
    await this.#carryOut();
    if (scheduler.nextWakeMs() <= this.nowMs) {
      scheduler.tick(this.nowMs);
      await this.#carryOut();
    }
  }

  async #carryOut(): Promise<void> {
    const { scheduler, nowMs } = this;
    const asked: EffectOf<'resolve'>[] = [];
    const handlers: EffectHandlers = {
      ...ignored,
      resolve: (effect) => void asked.push(effect),
      connect: ({ connection, transaction }) => {
        scheduler.connectionReady(connection, nowMs);
        this.#done(connection, transaction.recipients);
      },
      close: ({ connection }) => scheduler.connectionClosed(connection, { kind: 'closed' }, nowMs),
      delivered: () => void this.delivered++,
    };
    drive(scheduler, handlers);
    for (let one = asked.shift(); one !== undefined; one = asked.shift()) {
      scheduler.routeResolved(one.route, await this.#router.resolve(one.key), nowMs);
      drive(scheduler, handlers);
    }
  }

  #done(connection: ConnectionHandle, recipients: readonly number[]): void {
    const results = recipients.map((recipient) => ({ recipient, result: 'delivered' }) as const);
    this.scheduler.transactionDone(connection, results, true, this.nowMs);
  }
}

/** Bytes in use after garbage collection. */
function usedBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test('memory does not grow with the number of domains that mail was sent to', async () => {
  const world = new World();
  const used: number[] = [];
  for (let wave = 0; wave < 5; wave++) {
    for (let n = 0; n < waveDomains; n++) await world.deliver(`d${wave * waveDomains + n}.test`);
    used.push(usedBytes());
  }
  assert.equal(world.delivered, 5 * waveDomains);
  const [, second = 0] = used;
  const perDomain = ((used.at(-1) ?? 0) - second) / (3 * waveDomains);
  // It would be over 1,000 if nothing were freed.
  assert.ok(perDomain < 60, `${Math.round(perDomain)} bytes for each domain: ${used.join(', ')}`);
});
