// Room that receivers have taken for messages that are not stored yet. Promises: room of a receiver that is lost is free again; a message has
// room once, however often it asks.

import type { RoomAnswered } from '../channel/room-messages.ts';
import type { MailForRoom } from '../policy/room/types.ts';

/** A receiver that has reserved room. */
export interface RoomChannel {
  post(message: RoomAnswered): void;
  onClosed(callback: () => void): void;
}

export interface Taken {
  messages: number;
  bytes: number;
}

interface Reservation extends MailForRoom {
  readonly channel: RoomChannel;
}

export class ReservedRoom {
  /** Of all mail. */
  readonly all: Readonly<Taken> = { messages: 0, bytes: 0 };
  readonly #mail = new Map<string, Reservation>();
  readonly #tenants = new Map<string, Taken>();
  readonly #channels = new WeakSet<RoomChannel>();

  of(tenant: string): Readonly<Taken> {
    return this.#tenants.get(tenant) ?? { messages: 0, bytes: 0 };
  }

  add(mail: MailForRoom, channel: RoomChannel): void {
    if (!this.#channels.has(channel)) {
      this.#channels.add(channel);
      // Its messages were not accepted, or the next receiver reports them.
      channel.onClosed(() => {
        for (const each of this.#mail.values()) if (each.channel === channel) this.delete(each.queueId);
      });
    }
    this.delete(mail.queueId);
    this.#mail.set(mail.queueId, { ...mail, channel });
    this.#count(mail, 1);
  }

  /** The message is stored, or not accepted. */
  delete(queueId: string): void {
    const mail = this.#mail.get(queueId);
    if (mail === undefined) return;
    this.#mail.delete(queueId);
    this.#count(mail, -1);
  }

  #count({ tenant, sizeBytes }: MailForRoom, sign: 1 | -1): void {
    const ofTenant = this.#tenants.get(tenant) ?? { messages: 0, bytes: 0 };
    for (const taken of [this.all as Taken, ofTenant]) {
      taken.messages += sign;
      taken.bytes += sign * sizeBytes;
    }
    if (ofTenant.messages === 0) this.#tenants.delete(tenant);
    else this.#tenants.set(tenant, ofTenant);
  }
}
