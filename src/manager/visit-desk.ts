// Visits of receivers to other servers, which are asked about recipients: each begins when the scheduler has room for it, among the connections
// with mail. Promises: their number is bounded; one that cannot begin in time is told so; with its receiver, all that it has end.

import { randomInt } from 'node:crypto';
import type { VisitAnswer, VisitWish } from '../deliver/call-ahead/call-ahead-types.ts';
import type { Timer, Timers } from '../io/timers.ts';
import type { EffectOf } from '../schedule/drive.ts';
import type { ConnectionHandle, Scheduler } from '../schedule/types.ts';

/** Visits of all receivers, with those that wait. */
const mostVisits = 1_000;
/** A receiver waits no longer for an answer. */
const patienceMs = 10_000;
/** A receiver repeats to the next manager what the former has not confirmed: visits must have other numbers there. */
const mostFirstNumber = 2 ** 40;

const noHops: ReadonlySet<string> = new Set();

interface VisitorChannel {
  onClosed(callback: () => void): void;
}

interface Visiting {
  readonly channel: VisitorChannel;
  /** Undefined: it waits. */
  connection: ConnectionHandle | undefined;
  readonly answer: (answer: VisitAnswer) => void;
  readonly timer: Timer;
}

export interface VisitDeskParts {
  readonly scheduler: Pick<Scheduler, 'awaitVisit' | 'forgetVisit' | 'visitEnded'>;
  readonly timers: Timers;
  readonly nowMs: () => number;
  /** Carries out the scheduler's effects. */
  readonly changed: () => void;
}

export class VisitDesk {
  readonly #parts: VisitDeskParts;
  readonly #visits = new Map<number, Visiting>();
  readonly #channels = new WeakSet<VisitorChannel>();
  #lastNumber = randomInt(mostFirstNumber);

  constructor(parts: VisitDeskParts) {
    this.#parts = parts;
  }

  /** @param answer - is called once */
  ask(
    { domain, key, plan }: VisitWish,
    channel: VisitorChannel,
    answer: (answer: VisitAnswer) => void,
  ): void {
    const { changed, nowMs, scheduler, timers } = this.#parts;
    if (this.#visits.size >= mostVisits) {
      answer(failing('too many connections without mail are open, or wait to be opened'));
      return;
    }
    this.#watch(channel);
    const number = ++this.#lastNumber;
    const timer = timers.setTimeout(() => this.#late(number), patienceMs).unref();
    this.#visits.set(number, { channel, connection: undefined, answer, timer });
    const target = { key, domain, tenant: '', plan, despiteHolds: true, except: noHops } as const;
    scheduler.awaitVisit(number, target, nowMs());
    changed();
  }

  /** There is room for it. */
  begun({ number, visit }: EffectOf<'visit'>): void {
    const visiting = this.#visits.get(number);
    if (visiting === undefined) return;
    this.#parts.timers.clear(visiting.timer);
    if (visit === undefined) {
      this.#visits.delete(number);
      visiting.answer(failing('no [[source]] address has the IP version of the hosts'));
      return;
    }
    const { connection, hop, source } = visit;
    visiting.connection = connection;
    visiting.answer({ kind: 'visit', number, hop, source });
  }

  ended(number: number, channel: VisitorChannel): void {
    if (this.#visits.get(number)?.channel === channel) this.#end(number);
  }

  #watch(channel: VisitorChannel): void {
    if (this.#channels.has(channel)) return;
    this.#channels.add(channel);
    channel.onClosed(() => {
      const own = [...this.#visits].filter(([, visiting]) => visiting.channel === channel);
      // First those that wait: none is to begin in the place of another one.
      for (const [number, { connection }] of own) if (connection === undefined) this.#end(number);
      for (const [number] of own) this.#end(number);
    });
  }

  #late(number: number): void {
    const visiting = this.#visits.get(number);
    this.#end(number);
    visiting?.answer(failing('limits have allowed no connection for this in time'));
  }

  #end(number: number): void {
    const { changed, nowMs, scheduler, timers } = this.#parts;
    const visiting = this.#visits.get(number);
    if (visiting === undefined) return;
    this.#visits.delete(number);
    timers.clear(visiting.timer);
    if (visiting.connection === undefined) scheduler.forgetVisit(number);
    else scheduler.visitEnded(visiting.connection, nowMs());
    changed();
  }
}

function failing(reason: string): VisitAnswer {
  return { kind: 'failing', reason };
}
