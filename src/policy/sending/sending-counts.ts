// Counts what was handed in, by user, client, tenant and sender domain. Promises: a message is counted by all limits that hold for it, or by
// none. It reads no clock.

import { countOf, CountTable } from './count-table.ts';
import { SendingRules } from './sending-rules.ts';
import type { SavedCount } from './sliding-count.ts';
import {
  type Allowance,
  type BeyondLimit,
  type ExceededSending,
  type HandIn,
  type HeldSending,
  type SendingCharge,
  type SendingKind,
  sendingKinds,
  type SendingQuantity,
  type SendingRule,
} from './types.ts';

export type CountAnswer =
  /** @property paces - the limit that the message waits for; undefined: it does not wait */
  | {
      readonly kind: 'counted';
      readonly charge: SendingCharge;
      readonly paces: ExceededSending | undefined;
    }
  /** @property againAtMs - undefined: never, since the message alone exceeds the limit */
  | { readonly kind: 'exceeded'; readonly limit: ExceededSending; readonly againAtMs: number | undefined };

/** How much of one limit is used. */
export interface SendingUse extends ExceededSending {
  readonly beyond: BeyondLimit['kind'];
  readonly origin: string;
  readonly used: number;
  /** Those of `used` that wait for their turn. */
  readonly ahead: number;
  /** When one more is taken, or has its turn: now, or later. */
  readonly freeAtMs: number;
}

/** The counts of one key, in the form that is kept over a restart. */
export interface SavedSending {
  readonly by: SendingKind;
  readonly key: string;
  readonly counts: readonly SavedCount[];
}

/** Keys of one kind that are remembered. Clients and sender domains can be made up by whoever may send. */
const mostKeys: Readonly<Record<SendingKind, number>> = {
  user: 100_000,
  client: 20_000,
  tenant: 100_000,
  sender_domain: 20_000,
};

/** The longest that a paced message may wait. */
export const longestPaceMs = 7 * 86_400_000;

export class SendingCounts {
  #rules: SendingRules;
  readonly #tables: Readonly<Record<SendingKind, CountTable>>;

  /** @param most - keys of one kind that are remembered, in place of the usual numbers */
  constructor(rules: readonly SendingRule[], most?: number) {
    this.#rules = new SendingRules(rules);
    const table = (by: SendingKind) =>
      new CountTable((key) => this.#rules.allowancesOf(by, key), most ?? mostKeys[by]);
    this.#tables = {
      user: table('user'),
      client: table('client'),
      tenant: table('tenant'),
      sender_domain: table('sender_domain'),
    };
  }

  /** Keys that are remembered. */
  get size(): number {
    return sendingKinds.reduce((sum, by) => sum + this.#tables[by].size, 0);
  }

  /** Puts other rules in force. What was counted stays, and counts for each limit with the same period. */
  configure(rules: readonly SendingRule[]): void {
    this.#rules = new SendingRules(rules);
  }

  /** Counts a message, if that is within all limits that hold for it. */
  charge(handIn: HandIn, nowMs: number): CountAnswer {
    const held = this.#rules.of(handIn);
    let turnMs = nowMs;
    let paces: ExceededSending | undefined;
    let exceeded: ExceededSending | undefined;
    let againAtMs = nowMs;
    for (const { by, key, allowances } of held) {
      for (const { quantity, rate, beyond } of allowances) {
        const freeMs = this.#freeAtMs(by, key, { quantity, rate }, eventsOf(quantity, handIn), nowMs);
        const patienceMs = beyond.kind === 'pace' ? beyond.longestWaitMs : 0;
        if (freeMs - patienceMs <= nowMs) {
          if (freeMs <= turnMs) continue;
          turnMs = freeMs;
          paces = { by, key, quantity, rate };
        } else if (freeMs - patienceMs > againAtMs) {
          againAtMs = freeMs - patienceMs;
          exceeded = { by, key, quantity, rate };
        }
      }
    }
    if (exceeded !== undefined) {
      return { kind: 'exceeded', limit: exceeded, againAtMs: againAtMs === Infinity ? undefined : againAtMs };
    }
    const charge = { handIn, atMs: nowMs, turnMs };
    for (const { by, key, allowances } of held) {
      for (const allowance of allowances) {
        const events = eventsOf(allowance.quantity, handIn);
        this.#tables[by].add(key, allowance, events, countedAtMs(charge, allowance), nowMs);
      }
    }
    return { kind: 'counted', charge, paces };
  }

  /** Takes back a message that was counted, and then was not accepted. */
  release(charge: SendingCharge): void {
    for (const { by, key, allowances } of this.#rules.of(charge.handIn)) {
      for (const allowance of allowances) {
        const { quantity, rate } = allowance;
        const count = countOf(this.#tables[by].get(key), quantity, rate.perMs);
        count?.takeBack(eventsOf(quantity, charge.handIn), countedAtMs(charge, allowance));
      }
    }
  }

  /** What holds for a message of this sender, and how much of it is used. */
  usesFor(handIn: HandIn, nowMs: number): readonly SendingUse[] {
    return this.#rules.of(handIn).flatMap((held) => this.#usesOf(held, nowMs));
  }

  /** All limits of which something is used. */
  *uses(nowMs: number): Iterable<SendingUse> {
    for (const by of sendingKinds) {
      for (const [key] of this.#tables[by].live(nowMs)) {
        const allowances = this.#rules.allowancesOf(by, key);
        yield* this.#usesOf({ by, key, allowances }, nowMs);
      }
    }
  }

  /** Forgets what was counted for a key. @returns whether there was anything */
  reset(by: SendingKind, key: string): boolean {
    return this.#tables[by].forget(key);
  }

  /** What has to be known after a restart. */
  save(nowMs: number): readonly SavedSending[] {
    const saved: SavedSending[] = [];
    for (const by of sendingKinds) {
      for (const [key, counts] of this.#tables[by].live(nowMs)) {
        const used = counts.filter((count) => !count.isEmpty(nowMs));
        saved.push({ by, key, counts: used.map((count) => count.save()) });
      }
    }
    return saved;
  }

  /** Before the first message. */
  restore(saved: readonly SavedSending[], nowMs: number): void {
    for (const { by, key, counts } of saved) this.#tables[by].restore(key, counts, nowMs, longestPaceMs);
  }

  #usesOf({ by, key, allowances }: HeldSending, nowMs: number): SendingUse[] {
    return allowances.map(({ quantity, rate, beyond, origin }) => {
      const count = countOf(this.#tables[by].get(key), quantity, rate.perMs);
      return {
        by,
        key,
        quantity,
        rate,
        beyond: beyond.kind,
        origin,
        used: count?.used(nowMs) ?? 0,
        ahead: count?.ahead(nowMs) ?? 0,
        freeAtMs: count?.freeAtMs(1, rate.count, nowMs) ?? nowMs,
      };
    });
  }

  #freeAtMs(
    by: SendingKind,
    key: string,
    { quantity, rate }: Pick<Allowance, 'quantity' | 'rate'>,
    events: number,
    nowMs: number,
  ): number {
    const count = countOf(this.#tables[by].get(key), quantity, rate.perMs);
    if (count !== undefined) return count.freeAtMs(events, rate.count, nowMs);
    return events > rate.count ? Infinity : nowMs;
  }
}

/** A paced limit counts a message when that goes out. */
function countedAtMs({ atMs, turnMs }: SendingCharge, { beyond }: Allowance): number {
  return beyond.kind === 'pace' ? turnMs : atMs;
}

function eventsOf(quantity: SendingQuantity, { recipients }: HandIn): number {
  return quantity === 'messages' ? 1 : recipients;
}
