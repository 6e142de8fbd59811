// A sender process in simulation: sockets and SMTP are numbers of milliseconds, what it says to the manager and does when
// it loses it is as in `roles/sender-role.ts`.

import { DeliveredLately } from '../../src/deliver/delivered-lately.ts';
import type { ConnectedPlace, ConnectGrant, Work } from '../../src/deliver/types.ts';
import type { Channel } from '../../src/channel/channel.ts';
import type { ManagerToSender, SenderToManager } from '../../src/channel/messages.ts';
import { simulatedReply } from '../../src/simulate/simulated-reply.ts';
import { Actor } from './actor.ts';
import type { Surroundings } from './surroundings.ts';
import type { Visitor } from './outside.ts';

const graceMs = 5_000;
const lookMs = 50;

interface Connection {
  readonly id: number;
  readonly place: ConnectedPlace;
  readonly visitor: Visitor;
  work: Work | undefined;
  isBegun: boolean;
  isClosing: boolean;
}

export class SenderModel {
  readonly actor: Actor;
  readonly serial: number;
  readonly #house: Surroundings;
  readonly #connections = new Map<number, Connection>();
  readonly #delivered = new DeliveredLately(1_000);
  #link: Channel<SenderToManager, ManagerToSender> | undefined;
  #isOrphan = false;
  #whenEmpty: (() => void) | undefined;

  constructor(house: Surroundings, serial: number) {
    this.#house = house;
    this.serial = serial;
    this.actor = new Actor(house.clock);
    // The system closes every socket. What was in hand, or delivered and not journaled, nobody may know of.
    this.actor.onEnd(() => {
      for (const { queueId } of this.#delivered.list)
        if (!house.isJournaled(queueId)) house.outside.excuse(queueId);
      for (const connection of this.#connections.values()) this.#cut(connection);
      this.#connections.clear();
    });
    this.actor.after(house.random.below(300), () => this.#look());
  }

  /** The link breaks, and both ends live on. */
  loseLink(): void {
    const link = this.#link;
    if (link === undefined) return;
    link.close();
    this.#managerLost();
  }

  /** Looks for a manager until there is one. */
  #look(): void {
    const link = this.#house.linkToManager(this.actor);
    if (link === undefined) {
      this.actor.after(lookMs, () => this.#look());
      return;
    }
    this.#link = link;
    this.#isOrphan = false;
    link.receive((batch) => {
      if (this.#link !== link) return;
      for (const message of batch) this.#take(message);
    });
    link.onClosed(() => {
      if (this.#link === link) this.#managerLost();
    });
    const { serial } = this;
    link.post({ kind: 'hello', role: 'sender', index: 0, serial, delivered: [...this.#delivered.list] });
  }

  #take(message: ManagerToSender): void {
    switch (message.kind) {
      case 'connect':
        this.#connect(message);
        break;
      case 'transact': {
        const connection = this.#connections.get(message.connection);
        if (connection !== undefined && !connection.isClosing) this.#begin(connection, message.work);
        break;
      }
      case 'close': {
        const connection = this.#connections.get(message.connection);
        if (connection !== undefined) this.#quit(connection);
        break;
      }
      default:
        message satisfies never;
    }
  }

  #connect(grant: ConnectGrant): void {
    const { random, outside } = this.#house;
    const visitor: Visitor = {
      ip: grant.ip,
      site: grant.site,
      grantedAtMs: this.#house.grantedAtMs(grant.work),
    };
    const connection: Connection = {
      id: grant.connection,
      place: grant,
      visitor,
      work: grant.work,
      isBegun: false,
      isClosing: false,
    };
    this.#connections.set(connection.id, connection);
    outside.opened(visitor);
    this.actor.after(1 + random.below(200), () => {
      if (!this.#isOpen(connection)) return;
      if (random.next() < 0.02) {
        this.#close(connection, {
          kind: 'failed',
          refusal: simulatedReply(grant, 'connect', '421 4.3.2 come back later'),
        });
        return;
      }
      this.#post({ kind: 'ready', connection: connection.id });
      this.#begin(connection, grant.work);
    });
  }

  #begin(connection: Connection, work: Work): void {
    const { clock, outside, random } = this.#house;
    connection.work = work;
    connection.isBegun = true;
    const ms = random.next() < 0.03 ? 20_000 : random.below(1_500);
    const isTaken = random.next() < 0.95;
    // The destination goes on whatever this process does, as long as the connection is there.
    clock.at(clock.nowMs + ms, () => {
      if (!this.#isOpen(connection)) return;
      if (isTaken) outside.arrived(work.queueId);
      this.actor.after(random.below(50), () => this.#done(connection, work, isTaken));
    });
  }

  #done(connection: Connection, work: Work, isTaken: boolean): void {
    if (!this.#isOpen(connection)) return;
    connection.work = undefined;
    connection.isBegun = false;
    if (isTaken) this.#delivered.add(work.queueId, work.recipients);
    const results = work.recipients.map((recipient) =>
      isTaken
        ? ({ recipient, result: 'delivered' } as const)
        : ({
            recipient,
            result: 'refused',
            refusal: simulatedReply(connection.place, 'content', '451 4.3.0 not now'),
          } as const),
    );
    const reusable = !connection.isClosing;
    this.#post({ kind: 'done', connection: connection.id, results, reusable });
    if (!reusable) this.#quit(connection);
    else if (this.#house.random.next() < 0.05) this.#close(connection, { kind: 'closed' });
  }

  #quit(connection: Connection): void {
    connection.isClosing = true;
    if (connection.isBegun) return;
    this.actor.after(this.#house.random.below(100), () => {
      if (this.#isOpen(connection)) this.#close(connection, { kind: connection.work ? 'unused' : 'closed' });
    });
  }

  #close(connection: Connection, report: Extract<SenderToManager, { kind: 'closed' }>['report']): void {
    this.#connections.delete(connection.id);
    this.#house.outside.closed(connection.visitor);
    this.#post({ kind: 'closed', connection: connection.id, report });
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }

  #managerLost(): void {
    this.#link = undefined;
    this.#isOrphan = true;
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      this.#whenEmpty = undefined;
      for (const connection of this.#connections.values()) this.#cut(connection);
      this.#connections.clear();
      this.#look();
    };
    this.#whenEmpty = over;
    this.actor.after(graceMs, over);
    for (const connection of this.#connections.values()) {
      if (connection.isBegun) {
        connection.isClosing = true;
      } else {
        this.#connections.delete(connection.id);
        this.#cut(connection);
      }
    }
    if (this.#connections.size === 0) over();
  }

  /** In mid-transaction nobody knows whether the message has arrived. */
  #cut({ visitor, work, isBegun }: Connection): void {
    if (isBegun && work !== undefined) this.#house.outside.excuse(work.queueId);
    this.#house.outside.closed(visitor);
  }

  #isOpen(connection: Connection): boolean {
    return this.#connections.get(connection.id) === connection;
  }

  #post(message: SenderToManager): void {
    if (!this.#isOrphan) this.#link?.post(message);
  }
}
