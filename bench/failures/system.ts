// A manager as it is in production, with its store on a real disk, and senders whose part is played here: they refuse what goes to
// strangers, and deliver reports, at once.

import { localChannel, type Channel } from '../../src/channel/channel.ts';
import type { ManagerToSender, ReceiverToManager, SenderToManager } from '../../src/channel/messages.ts';
import type { Config } from '../../src/config/config.ts';
import type { AttemptResult, Work } from '../../src/deliver/types.ts';
import { bindProblem } from '../../src/io/bind-problem.ts';
import { bootIdHere, bootMs } from '../../src/io/boot-clock.ts';
import { nodeTimers } from '../../src/io/timers.ts';
import { EventCounters } from '../../src/log/event-counters.ts';
import { createLogger, type Logger } from '../../src/log/logger.ts';
import { assemble } from '../../src/manager/assemble.ts';
import type { AssembledManager } from '../../src/manager/assembled-manager.ts';
import type { Spool } from '../../src/manager/ports.ts';
import { remoteRefusal } from '../../src/message/refusal.ts';
import { managerSlots } from '../../src/process/roles/slots.ts';
import { liveStores } from '../../src/process/roles/stores.ts';
import { smtpHop } from '../../src/route/next-hop.ts';
import type { RoutePlan, Router } from '../../src/route/types.ts';
import { systemFacts } from '../../src/settings/system-facts.ts';
import { nodeFiles } from '../../src/spool/file-layer.ts';
import { openReaders, openStores, openWriters } from '../../src/spool/open.ts';
import { Troubles } from '../../src/stats/troubles.ts';

/** What happened to a message, as the log says it. */
type Told = (event: string, fields: Readonly<Record<string, unknown>>) => void;

export interface FailingSystem {
  readonly manager: AssembledManager;
  /** Links the senders: work begins. */
  begin(): void;
  /** Messages that a server has refused so far. */
  readonly refused: number;
  /** A receiver of its own hands in messages. */
  readonly receiver: { post(message: ReceiverToManager): void };
}

export async function startManager(config: Config, told: Told): Promise<FailingSystem> {
  const log = loggerTelling(told);
  const manager = await assemble({
    config,
    machine: {
      timers: nodeTimers,
      dateMs: Date.now,
      bootMs,
      bootId: await bootIdHere(),
      files: nodeFiles,
      facts: systemFacts,
      bind: bindProblem,
      random: Math.random,
    },
    spool: spoolOf(config),
    openRouter: () => ({
      router,
      lookups: { txt: () => Promise.resolve(nothing), addresses: () => Promise.resolve(nothing) },
      onOutage: () => undefined,
      close: () => undefined,
    }),
    log,
    counted: new EventCounters(),
    troubles: new Troubles(nodeTimers.nowMs),
  });
  const [receiver, ofReceiver] = localChannel<ReceiverToManager, never>();
  manager.links.addReceiver(ofReceiver as never);
  const sender = new PlayedSender();
  return {
    manager,
    receiver,
    begin: () => manager.links.addSender(sender.channel),
    get refused() {
      return sender.refused;
    },
  };
}

/** Lines are made as they are for a file, and go nowhere. */
function loggerTelling(told: Told): Logger {
  const log = createLogger({ level: 'info', format: 'json', destination: '/dev/null' });
  const event = log.event.bind(log);
  log.event = (name, fields) => {
    told(name, fields as Readonly<Record<string, unknown>>);
    event(name, fields);
  };
  return log;
}

function spoolOf(config: Config): Spool {
  const { queue } = config;
  const stores = liveStores(config).all;
  const segmentBytes = queue.segmentSize;
  const kept = { journalSyncMs: queue.journalSync, relocateAfterMs: queue.relocateAfter };
  return {
    openStore: (events) =>
      openStores(stores, { slot: managerSlots.longLived, segmentBytes, ...kept }, events),
    openReader: () => openReaders(stores),
    openWriters: () =>
      openWriters(stores, { slot: managerSlots.bounces, segmentBytes, reserveBytes: 0, sync: queue.sync }),
  };
}

const nothing = { kind: 'nxdomain', ttlSeconds: 60, authenticated: false } as const;

/** Each domain has a host of its own. */
const router: Router = {
  routeOf: (_, recipient) => keyOf(recipient),
  routeOfCanonical: (_: string, domain: string) => ({ key: `mx:${domain}`, domain }),
  routeNamed: (_, __, recipient) => keyOf(recipient),
  routePastHolds: (_, recipient) => keyOf(recipient),
  ruleNameFor: () => '',
  looksAtSenders: false,
  cached: () => undefined,
  resolve: (key) => Promise.resolve(planOf(key.slice('mx:'.length))),
};

function keyOf(recipient: string): { readonly key: string; readonly domain: string } {
  const domain = recipient.slice(recipient.indexOf('@') + 1);
  return { key: `mx:${domain}`, domain };
}

function planOf(domain: string): RoutePlan {
  const number = Number(/\d+/u.exec(domain)?.[0] ?? 60_000);
  return {
    kind: 'relay',
    site: `mx:mx.${domain}`,
    label: `mx.${domain}`,
    addresses: [smtpHop(`mx.${domain}`, `10.0.${number >> 8}.${number & 255}`, 25, 10)],
    validUntilMs: Number.MAX_SAFE_INTEGER,
  };
}

/** A sender process whose connections are ready at once, and whose servers answer at once. */
class PlayedSender {
  /** The manager's end. */
  readonly channel: Channel<ManagerToSender, SenderToManager>;
  refused = 0;
  readonly #end: Channel<SenderToManager, ManagerToSender>;
  readonly #hosts = new Map<number, string>();

  constructor() {
    [this.#end, this.channel] = localChannel<SenderToManager, ManagerToSender>();
    this.#end.receive((batch) => {
      for (const message of batch) this.#take(message);
    });
  }

  #take(message: ManagerToSender): void {
    switch (message.kind) {
      case 'connect':
        this.#hosts.set(message.connection, message.hop.host);
        this.#end.post({ kind: 'ready', connection: message.connection });
        this.#carryOut(message.connection, message.work);
        break;
      case 'transact':
        this.#carryOut(message.connection, message.work);
        break;
      case 'close':
        this.#hosts.delete(message.connection);
        this.#end.post({ kind: 'closed', connection: message.connection, report: { kind: 'closed' } });
        break;
      case 'errand':
        throw new Error('the benchmark has no errands');
      default:
        message satisfies never;
    }
  }

  #carryOut(connection: number, { recipients }: Work): void {
    const host = this.#hosts.get(connection) ?? '';
    const results = recipients.map((recipient) => this.#resultOf(recipient, host));
    this.#end.post({ kind: 'done', connection, results, reusable: true });
  }

  /** A refusal of its own for each, as it is when it was read from a socket. */
  #resultOf(recipient: number, host: string): AttemptResult {
    if (!host.startsWith('mx.domain')) return { recipient, result: 'delivered' };
    this.refused++;
    const lines = [`<nobody> of ${host}: no such user here`];
    return {
      recipient,
      result: 'refused',
      refusal: remoteRefusal(
        { host, endpoint: { kind: 'tcp', ip: '192.0.2.1', port: 25 } },
        { code: 550, enhanced: '5.1.1', lines, command: 'RCPT' },
        true,
      ),
    };
  }
}
