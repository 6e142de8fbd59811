// Counts the messages in quarantine and their bytes, in all and by tenant. Promises: what is counted is what the store would say: a message from
// its acceptance until it is released or has no recipient left, also over a restart.

import type { Outcome } from '../spool/types.ts';

export interface Held {
  messages: number;
  bytes: number;
}

/** A message that was held when it was accepted. It takes about 150 bytes. */
interface Entry {
  readonly tenant: string;
  readonly sizeBytes: number;
  /** Recipients that are not done. */
  left: number;
  isHeld: boolean;
}

export interface AdmittedMail {
  readonly queueId: string;
  readonly tenant?: string | undefined;
  readonly sizeBytes: number;
  /** Why it was held; undefined: it was not, and is not counted. */
  readonly quarantine?: string | undefined;
}

export class QuarantineCounts {
  readonly #entries = new Map<string, Entry>();
  readonly #all: Held = { messages: 0, bytes: 0 };
  readonly #tenants = new Map<string, Held>();

  /** How much is held in all. */
  get all(): Readonly<Held> {
    return this.#all;
  }

  /** Tenants with mail in quarantine; the empty name is mail of no tenant. */
  get tenants(): ReadonlyMap<string, Readonly<Held>> {
    return this.#tenants;
  }

  of(tenant: string): Readonly<Held> {
    return this.#tenants.get(tenant) ?? { messages: 0, bytes: 0 };
  }

  /** Of a message that was held when it was accepted, in bytes. */
  sizeOf(queueId: string): number | undefined {
    return this.#entries.get(queueId)?.sizeBytes;
  }

  /** @param isHeld - false for one that was released before a restart */
  admitted(
    { queueId, tenant = '', sizeBytes, quarantine }: AdmittedMail,
    left: number,
    isHeld: boolean,
  ): void {
    if (quarantine === undefined) return;
    const entry = { tenant, sizeBytes, left, isHeld: false };
    this.#entries.set(queueId, entry);
    if (isHeld) this.#count(entry, true);
  }

  /** Takes what became of messages. */
  settled(outcomes: readonly Outcome[]): void {
    if (this.#entries.size === 0) return;
    for (const { kind, queueId } of outcomes) {
      const entry = this.#entries.get(queueId);
      if (entry === undefined) continue;
      switch (kind) {
        case 'held':
        case 'released':
          this.#count(entry, kind === 'held');
          break;
        case 'delivered':
        case 'failed':
        case 'removed':
          if (--entry.left > 0) break;
          this.#count(entry, false);
          this.#entries.delete(queueId);
          break;
        default:
      }
    }
  }

  #count(entry: Entry, isHeld: boolean): void {
    if (entry.isHeld === isHeld) return;
    entry.isHeld = isHeld;
    const { tenant, sizeBytes } = entry;
    const ofTenant = this.#tenants.get(tenant) ?? { messages: 0, bytes: 0 };
    const sign = isHeld ? 1 : -1;
    for (const held of [this.#all, ofTenant]) {
      held.messages += sign;
      held.bytes += sign * sizeBytes;
    }
    if (ofTenant.messages === 0) this.#tenants.delete(tenant);
    else this.#tenants.set(tenant, ofTenant);
  }
}
