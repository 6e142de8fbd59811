// A connection of a simulation, and what is on it.

import { connectionRefusal, type Refusal } from '../message/refusal.ts';
import type { NextHopAddress } from '../route/types.ts';
import type { ConnectionHandle, Effect, Transaction } from '../schedule/types.ts';
import type { Host, Verdict } from './host.ts';
import { simulatedReply } from './simulated-reply.ts';
import type { Objection, Visit } from './trait.ts';

/** When the parts of a transaction happen at the client, in ms of the simulation. */
export interface TransactionTimes {
  /** Its first command leaves. */
  readonly sentMs: number;
  /** The end of its content has left. */
  readonly contentSentMs: number;
  /** Its results are there. */
  readonly doneMs: number;
}

/** A transaction that is on the way. */
export interface Underway {
  readonly transaction: Transaction;
  readonly times: TransactionTimes;
}

const longAgo: TransactionTimes = { sentMs: -Infinity, contentSentMs: -Infinity, doneMs: -Infinity };

export class Link implements Visit {
  readonly number: number;
  readonly connection: ConnectionHandle;
  readonly site: string;
  readonly hop: NextHopAddress;
  readonly source: string;
  readonly machine: Host;
  /** The first transaction, until the connection is ready. */
  readonly first: Transaction;
  /** The transactions that are on the way, the oldest first. */
  readonly underway: Underway[] = [];
  /** Of the transaction that was granted last. */
  lastTimes = longAgo;
  /** When it was told to close; Infinity: it was not. */
  closingAtMs = Infinity;
  refusal: Objection | undefined;
  /** Events of an earlier turn are void. */
  turn = 0;
  /** Greeting and EHLO are through. */
  isReady = false;

  constructor(number: number, effect: Extract<Effect, { readonly kind: 'connect' }>, machine: Host) {
    this.number = number;
    this.connection = effect.connection;
    this.site = effect.site;
    this.hop = effect.hop;
    this.source = effect.source ?? '';
    this.machine = machine;
    this.first = effect.transaction;
  }

  /** A transaction was granted, and takes these times. */
  takes(transaction: Transaction, times: TransactionTimes): void {
    this.underway.push({ transaction, times });
    this.lastTimes = times;
  }
}

/** As the sender process reports it. */
export function refusalOf(visit: Visit, { kind, reply }: Objection): Refusal {
  if (kind === 'greeting') return simulatedReply(visit.hop, 'connect', reply);
  const text = kind === 'silent' ? 'connection timed out' : 'connection refused';
  return connectionRefusal(visit.hop, 'connect', text);
}

/** No answer in time: the client gives up. */
export function timedOut(visit: Visit, recipients: readonly number[]): Verdict {
  const refusal = connectionRefusal(visit.hop, 'content', 'timed out');
  return {
    results: recipients.map((recipient) => ({ recipient, result: 'refused', refusal })),
    hangsUp: true,
    taken: [],
  };
}
