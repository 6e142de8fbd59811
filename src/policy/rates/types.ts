// Rates of incoming mail: how often a client, a network or a domain may connect, send messages and name recipients. What is counted and answered, and
// the contract of whoever counts (`RateLedger`).

import type { Rate } from '../../values/rate.ts';

/** What a stage counts by. */
export const rateKinds = ['client', 'network', 'sender_domain', 'recipient_domain'] as const;
export type RateKind = (typeof rateKinds)[number];

/** `refused_recipients`: those that were refused for good, by any stage. */
export const rateQuantities = ['connections', 'messages', 'recipients', 'refused_recipients'] as const;
export type RateQuantity = (typeof rateQuantities)[number];

/** How many of each. */
export type RateEvents = Readonly<Partial<Record<RateQuantity, number>>>;

/** What one stage allows: at most `count` in any `perMs`. */
export interface RateAllowance {
  readonly quantity: RateQuantity;
  readonly rate: Rate;
}

export interface RateQuestion {
  /** The name of the stage, each of which counts by itself. */
  readonly stage: string;
  /** An address, a network or a domain. */
  readonly key: string;
  /** These are counted if that is within all rates, or none of them. */
  readonly events: RateEvents;
  /** It is only asked: nothing is counted. */
  readonly isTrial?: boolean;
}

export type RateAnswer =
  | { readonly kind: 'within' }
  /** @property againMs - from now on until it is within the rate, if nothing else comes */
  | {
      readonly kind: 'exceeded';
      readonly quantity: RateQuantity;
      readonly rate: Rate;
      readonly againMs: number;
    }
  /** Nobody can count now. */
  | { readonly kind: 'failing'; readonly reason: string };

/** Counts for all receivers. */
export interface RateLedger {
  /** It never rejects. */
  rate(question: RateQuestion): Promise<RateAnswer>;
  /** Counts what has happened already, whether or not it is within a rate. */
  noteRate(question: RateQuestion): void;
}
