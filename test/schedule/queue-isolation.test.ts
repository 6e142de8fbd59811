// Isolation of queues on virtual time: whatever one queue has to send, and to whom, ten messages of another arrive when they would without it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { schedulerConfig } from '../../src/settings/settings.ts';
import { createScheduler } from '../../src/schedule/create-scheduler.ts';
import { drive } from '../../src/schedule/drive.ts';
import type { ConnectionHandle, Scheduler } from '../../src/schedule/types.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { broken, delivered } from '../refusals.ts';
import { relay, start } from './table.ts';

const minute = 60_000;
/** The dead provider has so many domains, each with hosts of its own. */
const deadDomains = 400;
const beginMs = start + 5 * minute;
const endMs = beginMs + 30 * minute;

interface Mail {
  readonly domain: string;
  readonly store: number;
  readonly tenant: string;
}

/** A network where each step of a healthy host takes 50 ms, and dead ones do not answer for 30 s. */
class Network {
  readonly clock = new VirtualClock(start);
  /** When messages of the other queue have arrived, by queue id. */
  readonly arrivals = new Map<string, number>();
  /** Connections that a dead host has not answered. */
  unanswered = 0;
  readonly #scheduler: Scheduler;
  #wakeAtMs = Infinity;

  constructor(config: string) {
    this.#scheduler = createScheduler(schedulerConfig(parseConfig(config, 'sluice.toml'), 1), start);
  }

  submit({ domain, store, tenant }: Mail, queueId: string): void {
    const scheduler = this.#scheduler;
    const { nowMs } = this.clock;
    const message = scheduler.begin({
      queueId,
      receivedAtMs: nowMs,
      nullSender: false,
      held: false,
      store,
      tenant,
    });
    scheduler.add(message, {
      recipient: 0,
      route: `mx:${domain}`,
      domain,
      attempts: 0,
      nextAttemptAtMs: 0,
      lastRefusal: '',
    });
    scheduler.commit(message, nowMs);
    this.#settle();
  }

  run(untilMs: number): void {
    while (this.clock.step(untilMs));
    this.clock.passTo(untilMs);
  }

  #later(ms: number, act: (nowMs: number) => void): void {
    this.clock.at(this.clock.nowMs + ms, () => {
      act(this.clock.nowMs);
      this.#settle();
    });
  }

  #settle(): void {
    const scheduler = this.#scheduler;
    drive(scheduler, {
      resolve: ({ route, key }) => {
        const domain = key.slice('mx:'.length);
        const [name = ''] = domain.split('.');
        const number = Number(name.replaceAll(/\D/gu, '') || 0);
        const ip = `${domain.endsWith('.dead.example') ? 10 : 11}.0.${number >> 8}.${number & 255}`;
        this.#later(1, (nowMs) =>
          scheduler.routeResolved(route, relay(domain, [ip], nowMs + 60 * minute), nowMs),
        );
      },
      connect: ({ connection, hop, transaction }) => {
        if (hop.ip.startsWith('10.')) {
          this.unanswered++;
          const end = { kind: 'failed', refusal: broken('no answer') } as const;
          this.#later(30_000, (nowMs) => scheduler.connectionClosed(connection, end, nowMs));
          return;
        }
        this.#later(50, (nowMs) => scheduler.connectionReady(connection, nowMs));
        this.#deliver(connection, transaction, 100);
      },
      transact: ({ connection, transaction }) => this.#deliver(connection, transaction, 50),
      close: ({ connection }) =>
        this.#later(1, (nowMs) => scheduler.connectionClosed(connection, { kind: 'closed' }, nowMs)),
      visit: () => assert.fail('nobody visits'),
      deferred: () => undefined,
      failed: () => undefined,
      delivered: ({ message }) => {
        const queueId = scheduler.queueIdOf(message);
        if (queueId.startsWith('small')) this.arrivals.set(queueId, this.clock.nowMs);
      },
      done: () => undefined,
    });
    const wakeMs = scheduler.nextWakeMs();
    if (wakeMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = wakeMs;
    this.clock.at(wakeMs, () => {
      this.#wakeAtMs = Infinity;
      scheduler.tick(this.clock.nowMs);
      this.#settle();
    });
  }

  #deliver(
    connection: ConnectionHandle,
    { recipients }: { readonly recipients: readonly number[] },
    afterMs: number,
  ): void {
    this.#later(afterMs, (nowMs) =>
      this.#scheduler.transactionDone(
        connection,
        recipients.map((each) => delivered(each)),
        true,
        nowMs,
      ),
    );
  }
}

/** The times at which ten messages arrive, in the order in which they were sent. */
function arrivals(
  config: string,
  storm: number,
  healthy: readonly string[],
  tenants: readonly [string, string],
): number[] {
  const network = new Network(config);
  for (let at = 0; at < storm; at++) {
    const domain = `d${at % deadDomains}.dead.example`;
    network.submit({ domain, store: 1, tenant: tenants[0] }, `big${at}`);
  }
  network.run(beginMs);
  for (let at = 0; at < 10; at++) {
    network.run(beginMs + at * 1_000);
    const domain = healthy[at % healthy.length] ?? '';
    network.submit({ domain, store: 2, tenant: tenants[1] }, `small${at}`);
  }
  network.run(endMs);
  assert.ok(storm === 0 || network.unanswered > 1_000, `${network.unanswered} connections without an answer`);
  assert.equal(network.arrivals.size, 10, 'all ten have arrived');
  return Array.from({ length: 10 }, (_, at) => network.arrivals.get(`small${at}`) ?? -1);
}

const queues = (limit: string): string => `
[queues.big]
${limit}
[queues.small]
[adapt]
enabled = true
`;
const storm = 200_000;

for (const [name, config, tenants] of [
  ['a limit of its own', queues('max_connections = 200'), ['', '']],
  ['no limit of its own, for mail of no tenant', queues(''), ['', '']],
  ['no limit of its own, for mail of tenants', queues(''), ['big', 'small']],
] as const) {
  test(`${storm} messages to a dead provider in a queue with ${name} delay ten of another queue by no millisecond`, () => {
    const healthy = ['a1.example', 'a2.example', 'a3.example'];
    const alone = arrivals(config, 0, healthy, tenants);
    assert.deepEqual(arrivals(config, storm, healthy, tenants), alone);
  });
}
