// One simulated mail host behind one IP address: how far away it is, and its traits. It counts the connections that it
// sees, which is what limits are judged by.

import { connectionRefusal, type Refusal } from '../message/refusal.ts';
import type { RecipientResult } from '../schedule/types.ts';
import { simulatedReply } from './simulated-reply.ts';
import type { Objection, Trait, Visit } from './trait.ts';

export interface HostOptions {
  /** Ms of one round trip to it, on average. */
  readonly latencyMs: number;
  /** Bytes that one connection carries in a ms. */
  readonly bytesPerMs: number;
  readonly traits: readonly Trait[];
  /** Extensions that it offers, of those that make a difference in time: RFC 2920, and RFC 3030. */
  readonly offers: readonly ('PIPELINING' | 'CHUNKING')[];
}

/** The most transactions that may be on the way on one connection. */
export interface PipelineDepth {
  /** With PIPELINING alone: each content waits for the answer to its DATA. */
  readonly data: number;
  readonly chunking: number;
}

export interface Verdict {
  readonly results: readonly RecipientResult[];
  readonly hangsUp: boolean;
  /** Recipients whose message the host took, whether the client heard of it or not. */
  readonly taken: readonly number[];
}

export class Host {
  readonly latencyMs: number;
  readonly bytesPerMs: number;
  readonly traits: readonly Trait[];
  readonly hasPipelining: boolean;
  /** It takes a message with its commands in one group: CHUNKING is of use with PIPELINING only. */
  readonly hasChunking: boolean;
  /** Connections open now, and the most there ever were. */
  open = 0;
  mostOpen = 0;

  constructor({ latencyMs, bytesPerMs, traits, offers }: HostOptions) {
    this.latencyMs = latencyMs;
    this.bytesPerMs = bytesPerMs;
    this.traits = traits;
    this.hasPipelining = offers.includes('PIPELINING');
    this.hasChunking = this.hasPipelining && offers.includes('CHUNKING');
  }

  /** How many transactions may be on the way on a connection to it. */
  depth({ chunking, data }: PipelineDepth): number {
    if (!this.hasPipelining) return 1;
    return Math.max(1, this.hasChunking ? chunking : data);
  }

  /** A client connects. Undefined: it is let in. Every trait is told; the first that objects decides. */
  connect(visit: Visit, nowMs: number): Objection | undefined {
    this.open++;
    if (this.open > this.mostOpen) this.mostOpen = this.open;
    let refusal: Objection | undefined;
    for (const trait of this.traits) {
      const objection = trait.connect(visit, nowMs);
      refusal ??= objection;
    }
    return refusal;
  }

  disconnect(visit: Visit): void {
    this.open--;
    for (const trait of this.traits) trait.disconnect(visit);
  }

  greetingDelayMs(visit: Visit, nowMs: number): number {
    let delayMs = 0;
    for (const trait of this.traits) delayMs += trait.greetingDelayMs(visit, nowMs);
    return delayMs;
  }

  replyDelayMs(visit: Visit, nowMs: number): number {
    let delayMs = 0;
    for (const trait of this.traits) delayMs += trait.replyDelayMs(visit, nowMs);
    return delayMs;
  }

  hangsUpEarly(visit: Visit): boolean {
    for (const trait of this.traits) if (trait.hangsUpEarly(visit)) return true;
    return false;
  }

  isGoneWhenUsed(visit: Visit): boolean {
    for (const trait of this.traits) if (trait.isGoneWhenUsed(visit)) return true;
    return false;
  }

  /** -1: never. */
  closesIdleAfterMs(visit: Visit): number {
    for (const trait of this.traits) {
      const afterMs = trait.closesIdleAfterMs(visit);
      if (afterMs >= 0) return afterMs;
    }
    return -1;
  }

  /** A transaction for these recipients of a message. Numbers of messages are never used again. */
  transact(visit: Visit, message: number, recipients: readonly number[], nowMs: number): Verdict {
    if (this.traits.length === 0) return takeAll(recipients);
    for (const trait of this.traits) {
      const rejection = trait.transact(visit, nowMs);
      if (rejection === undefined) continue;
      const { reply, hangsUp } = rejection;
      const refusal = simulatedReply(visit.hop, 'MAIL', reply);
      return { results: refuseAll(recipients, refusal), hangsUp, taken: [] };
    }
    const results = recipients.map((recipient) =>
      resultOf(visit, recipient, this.#judge(visit, message, recipient, nowMs)),
    );
    const taken = results.filter(({ result }) => result === 'delivered').map(({ recipient }) => recipient);
    for (const trait of this.traits) {
      const ending = trait.end(visit);
      if (ending === 'in order') continue;
      const refusal = connectionRefusal(visit.hop, 'content', 'the connection was lost');
      return {
        results: refuseAll(recipients, refusal),
        hangsUp: true,
        taken: ending === 'lost' ? [] : taken,
      };
    }
    return { results, hangsUp: false, taken };
  }

  #judge(visit: Visit, message: number, recipient: number, nowMs: number): string {
    for (const trait of this.traits) {
      const reply = trait.judge(visit, message, recipient, nowMs);
      if (reply !== '') return reply;
    }
    return '';
  }
}

function refuseAll(recipients: readonly number[], refusal: Refusal): RecipientResult[] {
  return recipients.map((recipient) => ({ recipient, result: 'refused', refusal }));
}

function resultOf(visit: Visit, recipient: number, reply: string): RecipientResult {
  if (reply === '') return taken(recipient);
  return { recipient, result: 'refused', refusal: simulatedReply(visit.hop, 'RCPT', reply) };
}

function taken(recipient: number): RecipientResult {
  return { recipient, result: 'delivered' };
}

/** Transactions of one recipient that is taken: always the same few objects. */
const takenAlone: Verdict[] = [];

function takeAll(recipients: readonly number[]): Verdict {
  const [only = 0] = recipients;
  if (recipients.length !== 1 || only >= 1_000) {
    return {
      results: recipients.map(taken),
      hangsUp: false,
      taken: recipients,
    };
  }
  return (takenAlone[only] ??= { results: [taken(only)], hangsUp: false, taken: [only] });
}
