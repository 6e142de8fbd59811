// What became of each report of the last days, so that none is sent twice. Kept over restarts by its owner.

import type { ReportName } from './report.ts';

/** What became of a report at one destination. */
export interface DestinationOutcome {
  /** As text. */
  readonly uri: string;
  readonly state: 'sent' | 'waiting' | 'failed';
  /** The queue id of a message or the reply to a request; why it waits or has failed. */
  readonly detail: string;
}

export interface LedgerEntry extends ReportName {
  /** `unwanted`: the domain asks for none. `waiting`: another attempt follows. */
  readonly state: 'sent' | 'unwanted' | 'failed' | 'waiting';
  readonly destinations: readonly DestinationOutcome[];
  readonly attempts: number;
  /** Date of the first attempt, Unix ms. */
  readonly firstMs: number;
  /** Date of the last attempt. */
  readonly lastMs: number;
  /** Date of the next attempt, if one follows. */
  readonly nextMs: number;
  /** Why it is as it is, where no destination says so; empty otherwise. */
  readonly reason: string;
}

/** More reports than all sources together can have in the days that are kept. */
const maxEntries = 200_000;

export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>();
  /** Reports sent to a host about a day. */
  readonly #sentTo = new Map<string, number>();

  get isFull(): boolean {
    return this.#entries.size >= maxEntries;
  }

  get all(): Iterable<LedgerEntry> {
    return this.#entries.values();
  }

  of(name: ReportName): LedgerEntry | undefined {
    return this.#entries.get(keyOf(name));
  }

  set(entry: LedgerEntry): void {
    this.#entries.set(keyOf(entry), entry);
  }

  /** How many reports of a day have gone to a host. */
  sentTo(day: string, host: string): number {
    return this.#sentTo.get(`${day} ${host}`) ?? 0;
  }

  /** One more report of a day has gone to a host. */
  countSent(day: string, host: string): void {
    this.#sentTo.set(`${day} ${host}`, this.sentTo(day, host) + 1);
  }

  /** Forgets reports about days before this one. */
  forgetBefore(day: string): boolean {
    let hasForgotten = false;
    for (const [key, entry] of this.#entries) {
      if (entry.day >= day) continue;
      this.#entries.delete(key);
      hasForgotten = true;
    }
    for (const key of this.#sentTo.keys()) if (key < day) this.#sentTo.delete(key);
    return hasForgotten;
  }

  snapshot(): readonly LedgerEntry[] {
    return [...this.#entries.values()];
  }

  /** @param hostOf - the host of a destination */
  restore(entries: readonly LedgerEntry[], hostOf: (uri: string) => string | undefined): void {
    for (const entry of entries) {
      this.set(entry);
      for (const { uri, state } of entry.destinations) {
        const host = hostOf(uri);
        if (state === 'sent' && host !== undefined) this.countSent(entry.day, host);
      }
    }
  }
}

function keyOf({ kind, day, domain }: ReportName): string {
  return `${day} ${kind} ${domain}`;
}
