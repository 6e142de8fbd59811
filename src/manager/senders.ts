// The sender processes as the manager sees them: which one carries which connection, how many they can carry together, and
// what is lost when one dies. A connection counts until its process has said that it is closed, or has certainly ended.

import type { ConnectGrant, Work } from '../deliver/types.ts';
import type { Timers } from '../io/timers.ts';
import type { Channel } from '../channel/channel.ts';
import type { ManagerToSender, SenderToManager } from '../channel/messages.ts';

type SenderChannel = Channel<ManagerToSender, SenderToManager>;

interface SenderProcess {
  /** Undefined once the link is lost; the process may live on, with its connections. */
  channel: SenderChannel | undefined;
  hasEnded: boolean;
  readonly connections: Set<number>;
}

export interface SendersOptions {
  /** Connections that one process can hold. */
  readonly perProcess: number;
  /**
   * Processes that live when this manager starts, by their serials. They may have connections of the manager before, so
   * nothing is granted until each of them has said hello (it has closed them then) or has ended.
   */
  readonly before: readonly number[];
  readonly timers: Timers;
  /** Called for each connection that is gone with its process. */
  readonly lost: (connection: number) => void;
  /** Called with how many connections can be carried now, whenever that changes. */
  readonly carry: (connections: number) => void;
  /** Called with the processes of `before` that are still waited for, whenever that changes. */
  readonly awaits: (serials: readonly number[]) => void;
}

/** A hello is on its way for parts of a second: not so many processes end meanwhile. */
const mostUnseen = 1_000;

/** The process of a sender that shares its process with the manager: it ends with its channel. */
export const ownSerial = 0;

/** Gives each new connection to the sender process with the fewest. */
export class Senders {
  readonly #options: SendersOptions;
  readonly #processes = new Map<number, SenderProcess>();
  readonly #carrier = new Map<number, SenderProcess>();
  readonly #awaited: Set<number>;
  /** Ended, and not linked then: their hello may still be on its way. */
  readonly #endedUnseen = new Set<number>();
  #perProcess: number;
  #carried = -1;
  #draining = false;
  #whenGone: (() => void)[] = [];

  constructor(options: SendersOptions) {
    this.#options = options;
    this.#perProcess = options.perProcess;
    this.#awaited = new Set(options.before);
    if (this.#awaited.size > 0) options.awaits([...this.#awaited]);
    this.#tellCapacity();
  }

  /** How many connections one process can hold from now on. */
  configure(perProcess: number): void {
    this.#perProcess = perProcess;
    this.#tellCapacity();
  }

  /** The process has closed every connection that it had, here before its link was lost. */
  hasClosed(serial: number): void {
    const before = this.#processes.get(serial);
    if (before === undefined) return;
    // What may still come over the old link is about connections that are no more, and their numbers will be used again.
    before.channel?.receive(() => undefined);
    before.channel = undefined;
    this.#tellCapacity();
    this.#lose(before);
  }

  /** A process has said hello: whatever it carried for an earlier manager, or before its link was lost, is closed. */
  add(channel: SenderChannel, serial: number): void {
    this.hasClosed(serial);
    const hasEnded = this.#endedUnseen.delete(serial);
    const added: SenderProcess = { channel, hasEnded, connections: new Set() };
    this.#processes.set(serial, added);
    channel.onClosed(() => this.#unlinked(added, serial));
    this.#stopAwaiting(serial);
    this.#tellCapacity();
  }

  /** The process has ended, and with it every connection that it had. What it said last may still be on its way. */
  ended(serial: number): void {
    this.#stopAwaiting(serial);
    const process = this.#processes.get(serial);
    if (process === undefined) {
      this.#noteUnseen(serial);
    } else {
      process.hasEnded = true;
      this.#mayBeGone(process, serial);
    }
    this.#tellCapacity();
  }

  /** Processes that are linked. */
  get count(): number {
    let count = 0;
    for (const { channel } of this.#processes.values()) if (channel !== undefined) count++;
    return count;
  }

  connect(grant: ConnectGrant): void {
    if (this.#draining) return;
    let least: SenderProcess | undefined;
    for (const candidate of this.#processes.values()) {
      if (candidate.channel === undefined) continue;
      if (least === undefined || candidate.connections.size < least.connections.size) least = candidate;
    }
    if (least?.channel === undefined) {
      // Nothing is granted that cannot be carried; should it be all the same, it ends here and not never.
      this.#options.timers.setImmediate(() => this.#options.lost(grant.connection));
      return;
    }
    least.connections.add(grant.connection);
    this.#carrier.set(grant.connection, least);
    least.channel.post({ kind: 'connect', ...grant });
  }

  transact(connection: number, work: Work): void {
    if (!this.#draining) this.#carrier.get(connection)?.channel?.post({ kind: 'transact', connection, work });
  }

  close(connection: number): void {
    this.#carrier.get(connection)?.channel?.post({ kind: 'close', connection });
  }

  /** The connection is no more. */
  closed(connection: number): void {
    this.#carrier.get(connection)?.connections.delete(connection);
    this.#carrier.delete(connection);
  }

  /** From here on nothing is granted, and what is not reported stays in the spool as it is. */
  drain(): void {
    this.#draining = true;
  }

  /** Resolves when every sender process has ended and all that it had to say has been heard. */
  gone(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenGone.push(resolve);
    });
  }

  get connections(): number {
    return this.#carrier.size;
  }

  #unlinked(process: SenderProcess, serial: number): void {
    process.channel = undefined;
    if (serial === ownSerial) process.hasEnded = true;
    // Before its losses, or the connections that follow from them would be too many for those that are left.
    this.#tellCapacity();
    this.#mayBeGone(process, serial);
    if (this.count > 0) return;
    const waiting = this.#whenGone;
    this.#whenGone = [];
    for (const callback of waiting) callback();
  }

  #mayBeGone(process: SenderProcess, serial: number): void {
    if (process.channel !== undefined || !process.hasEnded) return;
    if (this.#processes.get(serial) === process) this.#processes.delete(serial);
    this.#lose(process);
  }

  #lose(process: SenderProcess): void {
    const lost = [...process.connections];
    process.connections.clear();
    for (const connection of lost) {
      this.#carrier.delete(connection);
      if (!this.#draining) this.#options.lost(connection);
    }
  }

  #noteUnseen(serial: number): void {
    this.#endedUnseen.add(serial);
    const [eldest = serial] = this.#endedUnseen;
    if (this.#endedUnseen.size > mostUnseen) this.#endedUnseen.delete(eldest);
  }

  #stopAwaiting(serial: number): void {
    if (this.#awaited.delete(serial)) this.#options.awaits([...this.#awaited]);
  }

  #tellCapacity(): void {
    const { count } = this;
    const carried = this.#awaited.size > 0 || count === 0 ? 0 : this.#perProcess * count;
    if (carried === this.#carried || this.#draining) return;
    this.#carried = carried;
    this.#options.carry(carried);
  }
}
