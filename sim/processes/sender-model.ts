// A sender process in simulation. Sockets and SMTP are replaced by delays; its messages to the manager, and its behaviour
// when it loses the manager, are those of `src/process/roles/sender-role.ts`.

import { DeliveredLately } from '../../src/deliver/delivered-lately.ts';
import type { ConnectedPlace, ConnectGrant, Work } from '../../src/deliver/types.ts';
import type { Channel } from '../../src/channel/channel.ts';
import type { ManagerToSender, SenderToManager } from '../../src/channel/messages.ts';
import { simulatedReply } from '../../src/simulate/simulated-reply.ts';
import { Actor } from './actor.ts';
import type { Surroundings } from './surroundings.ts';
import type { Visitor } from './outside.ts';

/** Time that transactions get to end after the manager is lost. */
const graceMs = 5_000;
/** Pause between two attempts to find a manager. */
const findPauseMs = 50;

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
  readonly #surroundings: Surroundings;
  readonly #connections = new Map<number, Connection>();
  readonly #delivered = new DeliveredLately(1_000);
  #link: Channel<SenderToManager, ManagerToSender> | undefined;
  #isOrphan = false;
  #whenEmpty: (() => void) | undefined;

  constructor(surroundings: Surroundings, serial: number) {
    this.#surroundings = surroundings;
    this.serial = serial;
    this.actor = new Actor(surroundings.clock);
    // The system closes every socket. Whether messages in flight arrived, and those delivered but not journaled, is lost.
    this.actor.onEnd(() => {
      for (const { queueId } of this.#delivered.list)
        if (!surroundings.isJournaled(queueId)) surroundings.outside.excuse(queueId);
      for (const connection of this.#connections.values()) this.#cut(connection);
      this.#connections.clear();
    });
    this.actor.after(surroundings.random.below(300), () => this.#findManager());
  }

  /** Breaks the link to the manager; both processes live on. */
  loseLink(): void {
    const link = this.#link;
    if (link === undefined) return;
    link.close();
    this.#managerLost();
  }

  /** Tries to reach a manager until one is up, then says hello. */
  #findManager(): void {
    const link = this.#surroundings.linkToManager(this.actor);
    if (link === undefined) {
      this.actor.after(findPauseMs, () => this.#findManager());
      return;
    }
    this.#link = link;
    this.#isOrphan = false;
    link.receive((batch) => {
      if (this.#link !== link) return;
      for (const message of batch) this.#receive(message);
    });
    link.onClosed(() => {
      if (this.#link === link) this.#managerLost();
    });
    const { serial } = this;
    link.post({ kind: 'hello', role: 'sender', index: 0, serial, delivered: [...this.#delivered.list] });
  }

  #receive(message: ManagerToSender): void {
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
    const { random, outside } = this.#surroundings;
    const visitor: Visitor = {
      ip: grant.ip,
      site: grant.site,
      grantedAtMs: this.#surroundings.grantedAtMs(grant.work),
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
    const { clock, outside, random } = this.#surroundings;
    connection.work = work;
    connection.isBegun = true;
    const ms = random.next() < 0.03 ? 20_000 : random.below(1_500);
    const isTaken = random.next() < 0.95;
    // The destination answers even while this process is stopped, as long as the connection is open.
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
    else if (this.#surroundings.random.next() < 0.05) this.#close(connection, { kind: 'closed' });
  }

  #quit(connection: Connection): void {
    connection.isClosing = true;
    if (connection.isBegun) return;
    this.actor.after(this.#surroundings.random.below(100), () => {
      if (this.#isOpen(connection)) this.#close(connection, { kind: connection.work ? 'unused' : 'closed' });
    });
  }

  #close(connection: Connection, report: Extract<SenderToManager, { kind: 'closed' }>['report']): void {
    this.#connections.delete(connection.id);
    this.#surroundings.outside.closed(connection.visitor);
    this.#post({ kind: 'closed', connection: connection.id, report });
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }

  /** Finishes the transactions within the grace, closes the other connections, then looks for a manager again. */
  #managerLost(): void {
    this.#link = undefined;
    this.#isOrphan = true;
    let hasEnded = false;
    const endGrace = (): void => {
      if (hasEnded) return;
      hasEnded = true;
      this.#whenEmpty = undefined;
      for (const connection of this.#connections.values()) this.#cut(connection);
      this.#connections.clear();
      this.#findManager();
    };
    this.#whenEmpty = endGrace;
    this.actor.after(graceMs, endGrace);
    for (const connection of this.#connections.values()) {
      if (connection.isBegun) {
        connection.isClosing = true;
      } else {
        this.#connections.delete(connection.id);
        this.#cut(connection);
      }
    }
    if (this.#connections.size === 0) endGrace();
  }

  /** Closes a connection without QUIT. After a transaction has begun, nobody knows whether its message arrived. */
  #cut({ visitor, work, isBegun }: Connection): void {
    if (isBegun && work !== undefined) this.#surroundings.outside.excuse(work.queueId);
    this.#surroundings.outside.closed(visitor);
  }

  #isOpen(connection: Connection): boolean {
    return this.#connections.get(connection.id) === connection;
  }

  #post(message: SenderToManager): void {
    if (!this.#isOrphan) this.#link?.post(message);
  }
}
