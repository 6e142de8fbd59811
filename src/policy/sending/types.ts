// Sending limits: how many messages and recipients a user, a client, a tenant or a sender domain may hand in. What is counted, what holds,
// and the contract of whoever counts (`SendingLedger`). Only mail of clients that may relay is counted.

import type { DomainPattern } from '../../values/domain.ts';
import type { Network } from '../../values/network.ts';
import type { Rate } from '../../values/rate.ts';

/** What a sending limit is counted by. */
export const sendingKinds = ['user', 'client', 'tenant', 'sender_domain'] as const;
export type SendingKind = (typeof sendingKinds)[number];

export const sendingQuantities = ['messages', 'recipients'] as const;
export type SendingQuantity = (typeof sendingQuantities)[number];

/** What happens to a message beyond the limit. */
export type BeyondLimit =
  /** The client is told to come again. */
  | { readonly kind: 'tempfail' }
  /** It is taken, and waits in the queue for its turn, which may be this far away at most. */
  | { readonly kind: 'pace'; readonly longestWaitMs: number };

/** One [[sending_limit]]. */
export interface SendingRule {
  readonly by: SendingKind;
  /** Users, `joe@example.com`, or `@example.com` for all of a domain. This and the other lists: undefined: everybody not named elsewhere. */
  readonly user?: readonly string[] | undefined;
  readonly client?: readonly Network[] | undefined;
  readonly tenant?: readonly string[] | undefined;
  readonly senderDomain?: readonly DomainPattern[] | undefined;
  /** All of these hold; an empty list lifts a less specific rule. Undefined: the rule says nothing about it. */
  readonly messages?: readonly Rate[] | undefined;
  readonly recipients?: readonly Rate[] | undefined;
  readonly beyond: BeyondLimit;
  /** `FILE:LINE`. */
  readonly origin: string;
}

/** Who hands in a message, and how much of it. */
export interface HandIn {
  /** The user who has logged in; empty for nobody. */
  readonly user: string;
  /** IP address; empty for a program of this host. */
  readonly client: string;
  /** Name of the tenant; empty for none. */
  readonly tenant: string;
  /** Domain of the reverse path; empty for the null sender. */
  readonly senderDomain: string;
  readonly recipients: number;
}

/** One thing that a rule allows. */
export interface Allowance {
  readonly quantity: SendingQuantity;
  /** At most `count` in any `perMs`. */
  readonly rate: Rate;
  readonly beyond: BeyondLimit;
  readonly origin: string;
}

/** What holds for one message by one kind. */
export interface HeldSending {
  readonly by: SendingKind;
  /** Whose count it is: a user, an address or network, a tenant, a domain. */
  readonly key: string;
  readonly allowances: readonly Allowance[];
}

/** The limit that a message would exceed. */
export interface ExceededSending {
  readonly by: SendingKind;
  readonly key: string;
  readonly quantity: SendingQuantity;
  readonly rate: Rate;
}

/** A message that was counted, as it has to be known to take it back. Times are those of whoever counts. */
export interface SendingCharge {
  readonly handIn: HandIn;
  readonly atMs: number;
  /** When the message goes out: `atMs`, or later when it is paced. */
  readonly turnMs: number;
}

/** A paced message waits for its turn. */
export interface SendingTurn {
  /** In the time of whoever counts. */
  readonly ms: number;
  /** A date, Unix ms, for people. */
  readonly at: number;
  /** What it waits for. */
  readonly limit: ExceededSending;
}

/** When a message will be taken, if nothing else is until then. */
export interface Again {
  /** A date, Unix ms. */
  readonly at: number;
  /** From now on. */
  readonly inMs: number;
}

export type ChargeAnswer =
  /** @property turn - undefined: the message need not wait */
  | {
      readonly kind: 'counted';
      readonly charge: SendingCharge;
      readonly turn?: SendingTurn | undefined;
      /** Nothing was counted: it was only asked. */
      readonly isTrial?: boolean;
    }
  /** @property again - undefined: never, since the message alone exceeds the limit */
  | {
      readonly kind: 'exceeded';
      readonly limit: ExceededSending;
      readonly again?: Again | undefined;
    }
  /** Nobody can count now. */
  | { readonly kind: 'failing'; readonly reason: string };

/** Counts what is handed in. */
export interface SendingLedger {
  /** Counts a message, by all limits that hold for it or by none. @param isTrial - whether only to say what would be counted */
  charge(handIn: HandIn, isTrial?: boolean): Promise<ChargeAnswer>;
  /** Takes back what was counted: the message was not accepted. */
  release(charge: SendingCharge): void;
}
