// Gives receivers room in the queue for mail of tenants with a quota, because one place alone can count exactly. Promises: what a receiver accepts
// never takes a tenant beyond its quota, but for what was on its way while a manager was started; mail that Sluice itself writes, such as reports,
// is counted and never refused.

import type { Submitted } from '../channel/messages.ts';
import type { GiveUpRoom, ReserveRoom } from '../channel/room-messages.ts';
import type { Config } from '../config/config.ts';
import type { ShownQueue } from '../control/operations/status.ts';
import type { Events } from '../log/events.ts';
import { fullOf, isLimit, type RoomLimits } from '../policy/room/room-gate.ts';
import type { FullRoom, RoomAnswer, RoomLimit } from '../policy/room/types.ts';
import type { MessageHandle } from '../schedule/types.ts';
import { queueLimits } from '../settings/queue-limits.ts';
import type { StoredRef } from '../spool/types.ts';
import type { Troubles } from '../stats/troubles.ts';
import { formatSize } from '../values/size.ts';
import { ReservedRoom, type RoomChannel } from './reserved-room.ts';
import type { QueueRooms } from './queue-rooms.ts';
import type { DomainRooms } from './provisioning/domain-rooms.ts';
import { WaitingCounts } from './waiting-counts.ts';

/** A full queue counts as full until it is below this part of its quota: one that drains and fills again is one trouble. */
const fullUntil = 0.9;

export interface QueueDeskParts {
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
  readonly happenings: Pick<Events, 'counted'>;
  /** Quotas of the queues themselves. */
  readonly rooms: QueueRooms;
  /** Quotas in the records of domains. */
  readonly domainRooms: DomainRooms;
}

type LimitsConfig = Pick<Config, 'queue' | 'queues' | 'tenant'>;

export class QueueDesk {
  /** Quotas of the queues themselves. */
  readonly rooms: Pick<QueueRooms, 'addReceiver' | 'shown'>;
  /** Quotas in the records of domains. */
  readonly domainRooms: DomainRooms;
  readonly #parts: QueueDeskParts;
  readonly #counts = new WaitingCounts();
  readonly #reserved = new ReservedRoom();
  #limits: RoomLimits;
  /** Tenants that have a trouble, and what of their quota is used up. */
  readonly #full = new Map<string, FullRoom['quantity']>();

  constructor(config: LimitsConfig, parts: QueueDeskParts) {
    this.#parts = parts;
    this.rooms = parts.rooms;
    this.domainRooms = parts.domainRooms;
    this.#limits = queueLimits(config);
  }

  /** Puts other quotas in force. What is in the queue already stays. */
  configure(config: LimitsConfig): void {
    this.#parts.rooms.configure(config);
    const before = this.#limits.tenants;
    this.#limits = queueLimits(config);
    const { tenants } = this.#limits;
    // Raised again, with other numbers, when something is refused.
    for (const [tenant, quantity] of this.#full)
      if (tenants.get(tenant)?.[quantity] !== before.get(tenant)?.[quantity]) this.#clear(tenant);
  }

  /**
   * A message has come under the manager: from a receiver, by itself, or from the queue of before.
   * @param domains - of its recipients, in canonical form
   */
  admitted(
    message: MessageHandle,
    mail: Pick<Submitted, 'queueId' | 'tenant' | 'sizeBytes'> & { readonly ref: Pick<StoredRef, 'store'> },
    domains: readonly string[],
  ): void {
    const { queueId, tenant = '', sizeBytes, ref } = mail;
    this.#parts.rooms.admitted(message, ref.store, sizeBytes);
    this.domainRooms.admitted(message, domains, sizeBytes);
    if (tenant === '') return;
    this.#reserved.delete(queueId);
    this.#counts.admitted(message, tenant, sizeBytes);
  }

  /** No recipient of the message is left. */
  done(message: MessageHandle): void {
    this.#parts.rooms.done(message);
    this.domainRooms.done(message);
    if (!this.#counts.done(message) || this.#full.size === 0) return;
    for (const [tenant, quantity] of this.#full) {
      const limit = this.#limits.tenants.get(tenant)?.[quantity] ?? Infinity;
      if (this.#counts.of(tenant)[quantity] < limit * fullUntil) this.#clear(tenant);
    }
  }

  take(message: ReserveRoom | GiveUpRoom, channel: RoomChannel): void {
    if (message.kind === 'giveUp') {
      this.#reserved.delete(message.queueId);
      return;
    }
    const { id, mail, isTrial } = message;
    const full = this.#fullFor(mail.tenant, mail.sizeBytes);
    if (full === undefined) {
      if (isTrial !== true) this.#reserved.add(mail, channel);
    } else {
      this.#parts.happenings.counted('queueFull', 1);
      this.#raise(mail.tenant, full);
    }
    const answer: RoomAnswer = full === undefined ? { kind: 'reserved' } : { kind: 'full', full };
    channel.post({ kind: 'room', id, answer });
  }

  /** For `sluice status`: tenants with a quota. */
  get shown(): readonly ShownQueue[] {
    return [...this.#limits.tenants].map(([tenant, limit]) => {
      const { messages, bytes } = this.#counts.of(tenant);
      return { tenant, messages, bytes, maxMessages: limit.messages, maxBytes: limit.bytes };
    });
  }

  #fullFor(tenant: string, sizeBytes: number): FullRoom | undefined {
    const limit: RoomLimit = this.#limits.tenants.get(tenant) ?? {};
    if (!isLimit(limit)) return undefined;
    const { messages, bytes } = this.#counts.of(tenant);
    const reserved = this.#reserved.of(tenant);
    const taken = { messages: messages + reserved.messages, bytes: bytes + reserved.bytes };
    const full = fullOf(limit, taken, sizeBytes);
    return full === undefined ? undefined : { tenant, ...full };
  }

  #raise(tenant: string, { quantity, limit }: FullRoom): void {
    if (this.#full.has(tenant)) return;
    this.#full.set(tenant, quantity);
    const most = quantity === 'messages' ? `${limit} messages` : formatSize(limit);
    this.#parts.troubles.raise(
      `queue:${tenant}`,
      'warning',
      `The queue of tenant ${tenant} is full: ${most} may wait. Further mail of the tenant is answered 452.`,
      `See what waits ("sluice queue list --tenant ${tenant}") and why ("sluice explain DOMAIN --tenant ${tenant}"), or raise the quota.`,
    );
  }

  #clear(tenant: string): void {
    this.#full.delete(tenant);
    this.#parts.troubles.clear(`queue:${tenant}`);
  }
}
