// A manager as `assemble` makes it, on virtual time: with a spool in memory, a router that a test writes down, and sender
// processes whose part the test plays.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { SimulatedDisk } from '../../sim/disk/simulated-disk.ts';
import { settled, VirtualTimers } from '../../sim/virtual-timers.ts';
import type { Channel } from '../../src/channel/channel.ts';
import type {
  ControlToManager,
  ManagerToSender,
  ReceiverToManager,
  Response,
  SenderToManager,
  Submitted,
} from '../../src/channel/messages.ts';
import { type Config, parseConfig } from '../../src/config/config.ts';
import type { Delivered } from '../../src/deliver/delivered-lately.ts';
import type { AttemptResult, CloseReport } from '../../src/deliver/types.ts';
import type { Outage } from '../../src/dns/types.ts';
import type { SendingTurn } from '../../src/policy/sending/types.ts';
import { domainOf } from '../../src/address/domain.ts';
import { copiesIn, type EnvelopeRecipient, routesIn } from '../../src/message/envelope.ts';
import { assemble } from '../../src/manager/assemble.ts';
import type { AssembledManager } from '../../src/manager/assembled-manager.ts';
import type { ManagerParts } from '../../src/manager/given-parts.ts';
import type { RoutePlan, Router } from '../../src/route/types.ts';
import type { SystemFacts } from '../../src/settings/capacity.ts';
import { EventCounters } from '../../src/log/event-counters.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { type KeptLog, keptLog } from '../process/quiet-log.ts';
import { MemoryStore } from './memory-store.ts';
import type { Refusal } from '../../src/message/refusal.ts';
import { said } from '../refusals.ts';
import { smtpHop } from '../../src/route/next-hop.ts';

/** When virtual time begins. */
export const startMs = 1_800_000_000_000;

/** The configuration of most tests: nothing adapts, retries come after a minute, and lives are short. */
export const plain = `
spool = "/spool"
[adapt]
enabled = false
[queue]
retry = ["1m"]
retry_jitter = 0
lifetime = "10m"
`;

export interface GroundOptions extends Pick<ManagerParts, 'openPlugins' | 'routeTables'> {
  /** TOML. */
  readonly config?: string;
  readonly store?: MemoryStore;
  /** Sender processes that live when the manager starts. */
  readonly before?: readonly number[];
  /** What lies beside the mail, where another manager is to find it. */
  readonly disk?: SimulatedDisk;
  /** Virtual time of the test's own. */
  readonly timers?: VirtualTimers;
  /** Instead of the one that `plans` and `routes` say. */
  readonly routerOf?: (config: Config) => Router;
}

/** What a sender process was told, by kind. */
type Told<Kind extends ManagerToSender['kind']> = Extract<ManagerToSender, { readonly kind: Kind }>;

/** The manager's end of a link that a test holds the other end of; nothing is on its way. */
class DirectChannel<Out, In> implements Channel<Out, In> {
  readonly congested = false;
  readonly posted: Out[] = [];
  #take: (batch: readonly In[]) => void = () => undefined;
  #closed: () => void = () => undefined;

  post(message: Out): void {
    this.posted.push(message);
  }

  whenDrained(callback: () => void): void {
    callback();
  }

  receive(take: (batch: readonly In[]) => void): void {
    this.#take = take;
  }

  onClosed(callback: () => void): void {
    const before = this.#closed;
    this.#closed = () => {
      before();
      callback();
    };
  }

  close(): void {
    this.#closed();
  }

  /** The role at the other end says something; resolves when what follows from it has happened. */
  async say(...batch: In[]): Promise<void> {
    this.#take(batch);
    await settled();
  }

  /** The role at the other end is gone. */
  async lose(): Promise<void> {
    this.#closed();
    await settled();
  }
}

/** A sender process whose part the test plays. */
export class SenderAtHand {
  readonly #channel: DirectChannel<ManagerToSender, SenderToManager>;

  constructor(channel: DirectChannel<ManagerToSender, SenderToManager>) {
    this.#channel = channel;
  }

  get told(): readonly ManagerToSender[] {
    return this.#channel.posted;
  }

  /** What it was told of this kind, the oldest first. */
  all<Kind extends ManagerToSender['kind']>(kind: Kind): Told<Kind>[] {
    return this.told.filter((each): each is Told<Kind> => each.kind === kind);
  }

  /** The only connection that it has to open. */
  get connect(): Told<'connect'> {
    const [one, ...more] = this.all('connect');
    assert.ok(one !== undefined && more.length === 0, `told ${JSON.stringify(this.told)}`);
    return one;
  }

  /** The connection is ready, and its transaction has these results. */
  done(connection: number, results: readonly AttemptResult[], reusable = true): Promise<void> {
    return this.#channel.say({ kind: 'ready', connection }, { kind: 'done', connection, results, reusable });
  }

  closed(connection: number, report: CloseReport = { kind: 'closed' }): Promise<void> {
    return this.#channel.say({ kind: 'closed', connection, report });
  }

  /** It says these things at once. */
  says(...batch: SenderToManager[]): Promise<void> {
    return this.#channel.say(...batch);
  }

  /** The link is lost. */
  unlink(): Promise<void> {
    return this.#channel.lose();
  }
}

/** An operator who asks one question. */
export class OperatorAtHand {
  readonly #channel = new DirectChannel<Response, ControlToManager>();

  constructor(manager: AssembledManager) {
    manager.links.addControl(this.#channel);
  }

  /** Answers, and what came before them. */
  get told(): readonly Response[] {
    return this.#channel.posted;
  }

  ask(operation: string, question: unknown): Promise<void> {
    return this.#channel.say({ kind: 'request', id: 1, operation, question });
  }

  cancel(): Promise<void> {
    return this.#channel.say({ kind: 'cancel', id: 1 });
  }

  /** The link is lost. */
  unlink(): Promise<void> {
    return this.#channel.lose();
  }
}

/** A sender process that has connected to the manager. */
export interface ConnectingSender {
  /** @param delivered - what it delivered lately */
  hello(serial: number, delivered: readonly Delivered[]): Promise<SenderAtHand>;
  /** It is gone without a word. */
  lose(): Promise<void>;
}

export interface Ground {
  readonly manager: AssembledManager;
  readonly timers: VirtualTimers;
  readonly store: MemoryStore;
  readonly log: KeptLog;
  readonly troubles: Troubles;
  readonly counted: EventCounters;
  /** What the system allows, and how far its clock is ahead of the time that passes. */
  readonly system: { openFiles: number; aheadMs: number };
  /** Plans by domain; others relay to a host of their own. */
  readonly plans: Map<string, RoutePlan>;
  /** Domains whose mail takes the route of another one. */
  readonly routes: Map<string, string>;
  /** Serials that the manager waits for, each time that it said so. */
  readonly awaited: (readonly number[])[];
  /** A name server answers no more, or does again. */
  outage(outage?: Outage): Promise<void>;
  /** A sender process connects to the manager; its hello comes later. */
  connecting(): ConnectingSender;
  /** A sender process links to the manager, with what it delivered lately. */
  sender(serial: number, delivered?: readonly Delivered[]): Promise<SenderAtHand>;
  /** A receiver hands in a message to these. */
  submit(...to: (string | EnvelopeRecipient)[]): Promise<string>;
  /** A receiver hands in a message that was held with this reason. */
  submitHeld(quarantine: string, ...to: string[]): Promise<string>;
  /** A receiver hands in a message that a sending limit paces. */
  submitPaced(turn: SendingTurn, ...to: string[]): Promise<string>;
  /** The receiver says again what it handed in last, as it does when it does not know whether a manager has heard. */
  submitAgain(): Promise<void>;
  reload(config: string): Promise<void>;
  /** An operator asks for this; returns the answers, of which there is none yet while the manager works on it. */
  ask(operation: string, question: unknown): Promise<readonly Response[]>;
  /** An operator with a link of its own. */
  operator(): OperatorAtHand;
}

export async function ground(t: TestContext, options: GroundOptions = {}): Promise<Ground> {
  const { timers = new VirtualTimers() } = options;
  timers.clock.passTo(startMs);
  const { nowMs } = timers;
  const store = options.store ?? new MemoryStore();
  const log = keptLog();
  const troubles = new Troubles(nowMs);
  const counted = new EventCounters();
  const system = { openFiles: 10_000, aheadMs: 0 };
  const plans = new Map<string, RoutePlan>();
  const routes = new Map<string, string>();
  const awaited: (readonly number[])[] = [];
  const none = () => Promise.resolve({ kind: 'nxdomain', ttlSeconds: 60, authenticated: false } as const);
  let tellOutage: (outage: Outage | undefined) => void = () => undefined;
  const disk = (options.disk ?? new SimulatedDisk({ seed: 1 })).process();
  await disk.files.mkdir('/spool');
  const manager = await assemble({
    ...options,
    config: parseConfig(options.config ?? plain, 'sluice.toml'),
    machine: {
      timers,
      dateMs: () => nowMs() + system.aheadMs,
      bootMs: () => nowMs() - startMs,
      bootId: undefined,
      files: disk.files,
      facts: (): SystemFacts => ({ openFiles: system.openFiles, ports: undefined }),
      bind: () => Promise.resolve(undefined),
      random: () => 0.5,
    },
    spool: store,
    openRouter: (config) => ({
      router: options.routerOf?.(config) ?? routerOf(plans, routes),
      lookups: { txt: none, addresses: none },
      onOutage: (changed) => {
        tellOutage = changed;
      },
      close: () => undefined,
    }),
    log,
    counted,
    troubles,
    others: { senders: options.before ?? [], awaits: (serials) => awaited.push(serials) },
  });
  const connecting = (): ConnectingSender => {
    const channel = new DirectChannel<ManagerToSender, SenderToManager>();
    manager.links.connected(channel as never);
    return {
      hello: async (serial, delivered) => {
        const hello = { kind: 'hello', role: 'sender', index: 0, serial, delivered } as const;
        manager.links.introduce(hello, channel as never, []);
        await settled();
        return new SenderAtHand(channel);
      },
      lose: () => channel.lose(),
    };
  };
  const receiver = new DirectChannel<never, ReceiverToManager>();
  let last: Submitted | undefined;
  manager.links.addReceiver(receiver);
  // What it still waits for is of the next test no more.
  t.after(() => timers.stop());
  const submit = async (
    to: readonly (string | EnvelopeRecipient)[],
    turn?: SendingTurn,
    quarantine?: string,
  ): Promise<string> => {
    const { queueId, ref } = store.add(to, quarantine);
    const recipients = to.map((each) => (typeof each === 'string' ? { address: each } : each));
    last = {
      kind: 'submitted',
      queueId,
      ref,
      receivedAtMs: nowMs() + system.aheadMs,
      sizeBytes: 10,
      reversePath: 'a@from.test',
      recipients: to.map((each) => (typeof each === 'string' ? each : each.address)),
      copies: copiesIn(recipients),
      routes: routesIn(recipients),
      turn,
      quarantine,
    };
    await receiver.say(last);
    return queueId;
  };
  return {
    manager,
    timers,
    store,
    log,
    troubles,
    counted,
    system,
    plans,
    routes,
    awaited,
    outage: async (outage) => {
      tellOutage(outage);
      await settled();
    },
    connecting,
    sender: (serial, delivered = []) => connecting().hello(serial, delivered),
    submit: (...to) => submit(to),
    submitHeld: (quarantine, ...to) => submit(to, undefined, quarantine),
    submitPaced: (turn, ...to) => submit(to, turn),
    submitAgain: async () => {
      assert.ok(last !== undefined);
      await receiver.say(last);
    },
    reload: async (config) => {
      manager.configure(parseConfig(config, 'sluice.toml'));
      await settled();
    },
    ask: async (operation, question) => {
      const operator = new OperatorAtHand(manager);
      await operator.ask(operation, question);
      return operator.told;
    },
    operator: () => new OperatorAtHand(manager),
  };
}

/** Relays each domain to a host of its own, unless a plan says otherwise. */
function routerOf(plans: ReadonlyMap<string, RoutePlan>, routes: ReadonlyMap<string, string>): Router {
  const planOf = (key: string): RoutePlan => {
    const domain = key.slice('mx:'.length);
    return plans.get(domain) ?? relayTo(domain);
  };
  const keyOf = (way: string, to: string) => ({ key: `${way}:${domainOf(to)}`, domain: domainOf(to) });
  return {
    routeOf: (_, recipient) => {
      const domain = domainOf(recipient);
      return { key: `mx:${routes.get(domain) ?? domain}`, domain };
    },
    routeOfCanonical: (_: string, domain: string) => ({ key: `mx:${domain}`, domain }),
    routeNamed: (name, _, recipient) => keyOf(`relay#${name}`, recipient),
    routePastHolds: (_, recipient) => keyOf('mx', recipient),
    ruleNameFor: () => '',
    looksAtSenders: false,
    cached: () => undefined,
    resolve: (key) => Promise.resolve(planOf(key)),
  };
}

/** Each domain has an address of its own. */
function relayTo(domain: string): RoutePlan {
  const number = [...domain].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 60_000, 7);
  const ip = `10.0.${number >> 8}.${number & 255}`;
  return {
    kind: 'relay',
    site: `mx:mx.${domain}`,
    label: `mx.${domain}`,
    addresses: [smtpHop(`mx.${domain}`, ip, 25, 10)],
    validUntilMs: Number.MAX_SAFE_INTEGER,
  };
}

const there = { host: 'mx.to.test', endpoint: { kind: 'tcp', ip: '192.0.2.1', port: 25 } } as const;

export function delivered(recipient: number): AttemptResult {
  return { recipient, result: 'delivered' };
}

export function deferred(recipient: number): AttemptResult {
  return refusedWith(recipient, said('451 4.3.2 not now', 'RCPT', there));
}

export function failed(recipient: number): AttemptResult {
  return refusedWith(recipient, said('550 5.1.1 no such user', 'RCPT', there));
}

export function refusedWith(recipient: number, refusal: Refusal): AttemptResult {
  return { recipient, result: 'refused', refusal, address: `u${recipient}@to.test` };
}
