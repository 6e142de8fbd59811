// Gives receivers room in quarantine, because one place alone can count exactly. Promises: beyond a limit nothing is held, and so nothing that would
// be held is accepted; room of a message that is not accepted is free again; after a restart the count is that of the queue.

import type { GiveUpRoom, ReserveRoom } from '../channel/room-messages.ts';
import type { Config } from '../config/config.ts';
import type { ShownQuarantine } from '../control/operations/status.ts';
import { fullOf, isLimit, type RoomLimits } from '../policy/room/room-gate.ts';
import type { FullRoom, MailForRoom, RoomLimit, RoomAnswer } from '../policy/room/types.ts';
import { quarantineLimits } from '../settings/quarantine.ts';
import type { Outcome } from '../spool/types.ts';
import type { TroubleKey } from '../stats/trouble-kinds.ts';
import type { Troubles } from '../stats/troubles.ts';
import { type AdmittedMail, type Held, QuarantineCounts } from './quarantine-counts.ts';
import { ReservedRoom, type RoomChannel, type Taken } from './reserved-room.ts';

/** From this part of a limit on, it is a warning. */
const warnFrom = 0.9;

export class QuarantineDesk {
  readonly #counts = new QuarantineCounts();
  readonly #reserved = new ReservedRoom();
  readonly #troubles: Pick<Troubles, 'raise' | 'clear'>;
  #limits: RoomLimits;
  /** Scopes that have a trouble, and its level. */
  readonly #raised = new Map<TroubleKey, string>();

  constructor(config: Pick<Config, 'quarantine' | 'tenant'>, troubles: Pick<Troubles, 'raise' | 'clear'>) {
    this.#limits = quarantineLimits(config);
    this.#troubles = troubles;
  }

  /** Puts other limits in force. What is held already stays. */
  configure(config: Pick<Config, 'quarantine' | 'tenant'>): void {
    this.#limits = quarantineLimits(config);
    this.#look();
  }

  /** A message has come under the manager. @param left - recipients that are not done */
  admitted(mail: AdmittedMail, left: number, isHeld: boolean): void {
    if (mail.quarantine === undefined) return;
    this.#reserved.delete(mail.queueId);
    this.#counts.admitted(mail, left, isHeld);
    this.#look();
  }

  settled(outcomes: readonly Outcome[]): void {
    const { messages } = this.#counts.all;
    this.#counts.settled(outcomes);
    if (this.#counts.all.messages !== messages) this.#look();
  }

  sizeOf(queueId: string): number | undefined {
    return this.#counts.sizeOf(queueId);
  }

  take(message: ReserveRoom | GiveUpRoom, channel: RoomChannel): void {
    if (message.kind === 'giveUp') {
      this.#reserved.delete(message.queueId);
      return;
    }
    const { id, mail, isTrial } = message;
    const answer = this.#answer(mail);
    if (answer.kind === 'reserved' && isTrial !== true) this.#reserved.add(mail, channel);
    channel.post({ kind: 'room', id, answer });
  }

  /** For `sluice status`. */
  get shown(): ShownQuarantine {
    const names = new Set([...this.#counts.tenants.keys(), ...this.#limits.tenants.keys()]);
    const { messages, bytes } = this.#limits.all;
    return {
      ...this.#counts.all,
      maxMessages: messages,
      maxBytes: bytes,
      tenants: [...names].toSorted().map((tenant) => this.#shownTenant(tenant)),
    };
  }

  #shownTenant(tenant: string): ShownQuarantine['tenants'][number] {
    const limit = this.#limits.tenants.get(tenant);
    const { messages, bytes } = this.#counts.of(tenant);
    return { tenant, messages, bytes, maxMessages: limit?.messages, maxBytes: limit?.bytes };
  }

  #answer({ tenant, sizeBytes }: MailForRoom): RoomAnswer {
    const { all, tenants } = this.#limits;
    const inTenant = fullOf(
      tenants.get(tenant) ?? {},
      sum(this.#counts.of(tenant), this.#reserved.of(tenant)),
      sizeBytes,
    );
    const inAll = fullOf(all, sum(this.#counts.all, this.#reserved.all), sizeBytes);
    const full = inTenant === undefined ? inAll && { ...inAll, tenant: undefined } : { ...inTenant, tenant };
    if (full === undefined) return { kind: 'reserved' };
    this.#raiseFull(full);
    return { kind: 'full', full };
  }

  /** Raises and clears troubles by what is held. */
  #look(): void {
    const { all, tenants } = this.#limits;
    if (!isLimit(all) && tenants.size === 0 && this.#raised.size === 0) return;
    const wanted = new Set<TroubleKey>();
    const look = (limit: RoomLimit, held: Readonly<Held>, tenant: string | undefined): void => {
      const near = nearOf(limit, held, tenant);
      if (near === undefined) return;
      const key = keyOf(tenant);
      wanted.add(key);
      if (near.level === 'critical') this.#raiseFull(near.full);
      else if (this.#raised.get(key) !== 'critical') this.#raiseNear(near.full, held);
    };
    look(all, this.#counts.all, undefined);
    for (const [tenant, limit] of tenants) look(limit, this.#counts.of(tenant), tenant);
    for (const key of this.#raised.keys()) {
      if (wanted.has(key)) continue;
      this.#raised.delete(key);
      this.#troubles.clear(key);
    }
  }

  #raiseFull(full: FullRoom): void {
    const key = keyOf(full.tenant);
    if (this.#raised.get(key) === 'critical') return;
    this.#raised.set(key, 'critical');
    const text = `The quarantine${ofTenant(full)} is full: it may have ${limitText(full)}. Mail that would be held there is answered 451.`;
    this.#raise(full, 'critical', text);
  }

  #raiseNear(full: FullRoom, held: Readonly<Held>): void {
    const key = keyOf(full.tenant);
    this.#raised.set(key, 'warning');
    const now = full.quantity === 'messages' ? held.messages : held.bytes;
    const text = `The quarantine${ofTenant(full)} is nearly full: ${now} of ${limitText(full)}.`;
    this.#raise(full, 'warning', text);
  }

  #raise({ tenant }: FullRoom, level: 'critical' | 'warning', text: string): void {
    if (tenant === undefined) this.#troubles.raise('quarantine', level, text, advice);
    else this.#troubles.raise(`quarantine:${tenant}`, level, text, advice);
  }
}

const advice =
  'Release or delete what is in it ("sluice quarantine report", "sluice quarantine delete"), shorten quarantine.max_age, or raise the limit.';

function keyOf(tenant: string | undefined): TroubleKey {
  return tenant === undefined ? 'quarantine' : `quarantine:${tenant}`;
}

function ofTenant({ tenant }: FullRoom): string {
  return tenant === undefined ? '' : ` of tenant ${tenant}`;
}

function limitText({ quantity, limit }: FullRoom): string {
  return `${limit} ${quantity}`;
}

function sum(one: Readonly<Taken>, other: Readonly<Taken>): Taken {
  return { messages: one.messages + other.messages, bytes: one.bytes + other.bytes };
}

function nearOf(
  { messages, bytes }: RoomLimit,
  held: Readonly<Held>,
  tenant: string | undefined,
): { readonly level: 'critical' | 'warning'; readonly full: FullRoom } | undefined {
  for (const [quantity, limit, now] of [
    ['messages', messages, held.messages],
    ['bytes', bytes, held.bytes],
  ] as const) {
    if (limit === undefined || now < limit * warnFrom) continue;
    return { level: now >= limit ? 'critical' : 'warning', full: { tenant, quantity, limit } };
  }
  return undefined;
}
