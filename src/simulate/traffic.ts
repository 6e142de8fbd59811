// The connections of a simulation: they are opened, carry transactions, and end, as the hosts at their other ends will have it.
// This plays the senders; who carries what is the scheduler's choice.

import type { EffectOf } from '../schedule/drive.ts';
import type { Random } from '../schedule/store/random.ts';
import type { ConnectionEnd, MessageHandle, Scheduler, Transaction } from '../schedule/types.ts';
import type { PipelineDepth } from './host.ts';
import { type Link, refusalOf, timedOut } from './link.ts';
import { Links } from './links.ts';
import { LinkTimes, type Timeouts } from './link-times.ts';
import type { Network } from './network.ts';
import { broken } from './simulation-error.ts';
import { addressOf } from './trait.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { Witness } from './witness.ts';

/** Kinds of events on the clock, whose numbers are those of a link and its turn. */
export const LinkEvent = { connected: 3, transacted: 4, closed: 5, idleClosed: 6 } as const;

const oneAtATime: PipelineDepth = { data: 1, chunking: 1 };

/** Who is told what happens on connections. */
export interface TrafficManager {
  readonly scheduler: Scheduler;
  /** Performs what the scheduler wants done after a call. */
  settle(): void;
  numberOf(message: MessageHandle): number;
  /** In bytes. */
  sizeOf(message: MessageHandle): number;
}

export interface TrafficOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly network: Network;
  readonly timeouts: Timeouts;
  /** One transaction at a time where it is not given. */
  readonly depth: PipelineDepth | undefined;
  readonly witness: Witness;
  readonly manager: TrafficManager;
}

export class Traffic {
  readonly #clock: VirtualClock;
  readonly #network: Network;
  readonly #times: LinkTimes;
  readonly #depth: PipelineDepth;
  readonly #witness: Witness;
  readonly #manager: TrafficManager;
  readonly #links = new Links();

  constructor({ clock, random, network, timeouts, depth, witness, manager }: TrafficOptions) {
    this.#clock = clock;
    this.#network = network;
    this.#times = new LinkTimes(timeouts, random);
    this.#depth = depth ?? oneAtATime;
    this.#witness = witness;
    this.#manager = manager;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#links.count;
  }

  /** The senders have died. */
  loseAll(): void {
    this.#links.closeAll((link) => this.#ended(link));
  }

  /** An event of `LinkEvent`; it is void if the connection has had another turn since. */
  happen(kind: number, number: number, turn: number): void {
    const link = this.#links.inTurn(number, turn);
    if (link === undefined) return;
    if (kind === LinkEvent.connected) this.#connected(link);
    else if (kind === LinkEvent.transacted) this.#transacted(link);
    else this.#end(link, { kind: 'closed' });
  }

  close({ connection }: EffectOf<'close'>): void {
    const link = this.#links.of(connection);
    if (link.isReady && link.underway.length > 0) {
      // What has left is finished first.
      link.closingAtMs = this.#clock.nowMs;
      return;
    }
    this.#links.nextTurn(link);
    // A connection that is not ready is given up: its transaction goes back to the scheduler.
    this.#after(link.isReady ? this.#times.tripsMs(link, 1) : 1, LinkEvent.closed, link);
  }

  connect(effect: EffectOf<'connect'>): void {
    const { nowMs } = this.#clock;
    const { hop } = effect;
    const machine =
      this.#network.host(addressOf(hop)) ?? broken(`a connection to ${hop.key}, which is no host`);
    const link = this.#links.open(effect, machine);
    this.#links.nextTurn(link);
    this.#witness.opened(link, nowMs);
    this.#witnessGrant(link, link.first, true);
    link.refusal = machine.connect(link, nowMs);
    this.#after(this.#times.connectMs(link, nowMs), LinkEvent.connected, link);
  }

  #connected(link: Link): void {
    const { nowMs } = this.#clock;
    if (link.refusal !== undefined) {
      this.#witnessUnsent(link, link.first);
      this.#witness.refused(link, link.refusal, nowMs);
      this.#end(link, { kind: 'failed', refusal: refusalOf(link, link.refusal) });
      return;
    }
    link.isReady = true;
    this.#goesOut(link, link.first);
    this.#manager.scheduler.connectionReady(link.connection, nowMs, link.machine.depth(this.#depth));
    this.#manager.settle();
    if (link.machine.traits.length > 0 && link.machine.hangsUpEarly(link))
      this.#after(this.#times.tripsMs(link, 1), LinkEvent.closed, link);
    else this.#awaitOldest(link);
  }

  transact(effect: EffectOf<'transact'>): void {
    const link = this.#links.of(effect.connection);
    const { transaction } = effect;
    this.#witnessGrant(link, transaction, false);
    if (link.underway.length > 0) {
      if (link.underway.length >= link.machine.depth(this.#depth)) broken('too many transactions at once');
      this.#goesOut(link, transaction);
      return;
    }
    this.#links.nextTurn(link);
    // The host closed it while the grant was on its way: nothing was tried.
    const isGone = link.machine.traits.length > 0 && link.machine.isGoneWhenUsed(link);
    this.#goesOut(link, transaction);
    if (isGone) this.#after(1, LinkEvent.closed, link);
    else this.#awaitOldest(link);
  }

  /** A transaction is on the way from now on, behind those that are. */
  #goesOut(link: Link, transaction: Transaction): void {
    const { message, recipients } = transaction;
    const size = this.#manager.sizeOf(message);
    link.takes(transaction, this.#times.transaction(link, size, recipients.length, this.#clock.nowMs));
  }

  #awaitOldest(link: Link): void {
    const [oldest] = link.underway;
    if (oldest === undefined) broken('a connection without a transaction is waited for');
    this.#clock.put(oldest.times.doneMs, LinkEvent.transacted, link.number, link.turn);
  }

  #transacted(link: Link): void {
    const { nowMs } = this.#clock;
    const { machine } = link;
    const over = link.underway.shift() ?? broken('a transaction ends that was not granted');
    const { message, recipients } = over.transaction;
    const number = this.#manager.numberOf(message);
    const isTooSlow = this.#times.isTooSlow(link, nowMs);
    const verdict = isTooSlow
      ? timedOut(link, recipients)
      : machine.transact(link, number, recipients, nowMs);
    for (const recipient of verdict.taken)
      this.#witness.took(link, number, recipient, !verdict.hangsUp, nowMs);
    this.#witness.answered(link, number, verdict.results, nowMs);
    // The scheduler may grant the next transaction in the same call.
    const turn = this.#links.nextTurn(link);
    const isReusable = !verdict.hangsUp && link.closingAtMs === Infinity;
    this.#manager.scheduler.transactionDone(link.connection, verdict.results, isReusable, nowMs);
    this.#manager.settle();
    if (link.turn !== turn) return;
    const [next] = link.underway;
    if (next !== undefined && !verdict.hangsUp && next.times.sentMs <= link.closingAtMs) {
      this.#awaitOldest(link);
    } else if (next !== undefined || !isReusable) {
      this.#after(1, LinkEvent.closed, link);
    } else if (machine.traits.length > 0) {
      const afterMs = machine.closesIdleAfterMs(link);
      if (afterMs >= 0) this.#after(afterMs, LinkEvent.idleClosed, link);
    }
  }

  /** What is on the way comes to nothing. */
  #end(link: Link, end: ConnectionEnd): void {
    const { nowMs } = this.#clock;
    if (!link.isReady && end.kind === 'closed') this.#witnessUnsent(link, link.first);
    for (const { transaction } of link.underway) this.#witnessUnsent(link, transaction);
    this.#links.close(link);
    this.#ended(link);
    this.#manager.scheduler.connectionClosed(link.connection, end, nowMs);
    this.#manager.settle();
  }

  #ended(link: Link): void {
    link.machine.disconnect(link);
    this.#witness.closed(link, this.#clock.nowMs);
  }

  #witnessGrant(link: Link, { message, recipients }: Transaction, first: boolean): void {
    this.#witness.granted(link, this.#manager.numberOf(message), recipients, first, this.#clock.nowMs);
  }

  #witnessUnsent(link: Link, { message, recipients }: Transaction): void {
    this.#witness.unsent(link, this.#manager.numberOf(message), recipients, this.#clock.nowMs);
  }

  #after(delayMs: number, kind: number, link: Link): void {
    this.#clock.put(this.#clock.nowMs + delayMs, kind, link.number, link.turn);
  }
}
