// The sender processes as the manager sees them: which process carries which connection, how many connections they can carry
// together, and which are lost when a process dies. A connection counts until its process has reported its end, or has
// certainly ended itself.

import type { ErrandRun } from '../channel/errand-messages.ts';
import type { Errand, ErrandOutcome } from '../deliver/errand/types.ts';
import type { ConnectGrant, Work } from '../deliver/types.ts';
import type { Timers } from '../io/timers.ts';
import type { Channel } from '../channel/channel.ts';
import type { ManagerToSender, SenderToManager } from '../channel/messages.ts';
import { Errands } from './errands.ts';

type SenderChannel = Channel<ManagerToSender, SenderToManager>;

interface SenderProcess {
  /** Undefined after the link is lost; the process may still live, with its connections. */
  channel: SenderChannel | undefined;
  hasEnded: boolean;
  readonly connections: Set<number>;
}

export interface SendersOptions {
  /** Connections that one process can hold. */
  readonly perProcess: number;
  /**
   * Serials of the processes that live when this manager starts. They may have connections of the earlier manager, so nothing
   * is granted until each has said hello (it has closed its connections then) or has ended.
   */
  readonly before: readonly number[];
  readonly timers: Timers;
  /** Called for each connection that ended with its process. */
  readonly lost: (connection: number) => void;
  /** Called with the number of connections that can be carried, whenever it changes. */
  readonly carry: (connections: number) => void;
  /** Called with the processes of `before` that are still waited for, whenever that changes. */
  readonly awaits: (serials: readonly number[]) => void;
}

/** Bound of `#endedUnseen`: a hello takes less than a second to arrive, and fewer processes end in that time. */
const maxEndedUnseen = 1_000;

/** Serial of a sender that runs in the manager's process: it ends with its channel. */
export const ownSerial = 0;

/** Gives each new connection to the sender process with the fewest. */
export class Senders {
  readonly #options: SendersOptions;
  readonly #processes = new Map<number, SenderProcess>();
  readonly #carrier = new Map<number, SenderProcess>();
  readonly #awaited: Set<number>;
  /** Serials of processes that ended while they were not linked: their hello may still arrive. */
  readonly #endedUnseen = new Set<number>();
  #perProcess: number;
  #carried = -1;
  #draining = false;
  #goneCallbacks: (() => void)[] = [];
  readonly #errands = new Errands();
  readonly #heard = Promise.withResolvers<void>();

  constructor(options: SendersOptions) {
    this.#options = options;
    this.#perProcess = options.perProcess;
    this.#awaited = new Set(options.before);
    if (this.#awaited.size > 0) options.awaits([...this.#awaited]);
    else this.#heard.resolve();
    this.#tellCapacity();
  }

  /** Resolves when each process of `before` has said hello or has ended. */
  heard(): Promise<void> {
    return this.#heard.promise;
  }

  /** Sets how many connections one process can hold. */
  configure(perProcess: number): void {
    this.#perProcess = perProcess;
    this.#tellCapacity();
  }

  /** The process has closed all connections that it had before its link was lost. */
  hasClosed(serial: number): void {
    const before = this.#processes.get(serial);
    if (before === undefined) return;
    // Late messages of the old link are ignored: they are about closed connections, whose numbers will be used again.
    before.channel?.receive(() => undefined);
    before.channel = undefined;
    this.#tellCapacity();
    this.#loseConnections(before);
  }

  /** Adds a process that has said hello: it has closed all connections of an earlier manager or an earlier link. */
  add(channel: SenderChannel, serial: number): void {
    this.hasClosed(serial);
    const hasEnded = this.#endedUnseen.delete(serial);
    const added: SenderProcess = { channel, hasEnded, connections: new Set() };
    this.#processes.set(serial, added);
    channel.onClosed(() => this.#unlinked(added, serial));
    this.#stopAwaiting(serial);
    this.#tellCapacity();
  }

  /** The process has ended, and all its connections with it. Its last messages may still arrive. */
  ended(serial: number): void {
    this.#stopAwaiting(serial);
    const process = this.#processes.get(serial);
    if (process === undefined) {
      this.#noteUnseen(serial);
    } else {
      process.hasEnded = true;
      this.#loseIfEnded(process, serial);
    }
    this.#tellCapacity();
  }

  /** Number of linked processes. */
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
      // The scheduler grants only what can be carried. If it did otherwise, the connection would be lost here and not hang.
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

  /** Has a sender run an errand. It never rejects. */
  errand(errand: Errand): Promise<ErrandOutcome> {
    const linked = [...this.#processes.values()].find(({ channel }) => channel !== undefined);
    return this.#errands.run(errand, this.#draining ? undefined : linked?.channel);
  }

  /** A sender has run an errand. */
  errandRun(message: ErrandRun): void {
    this.#errands.ended(message);
  }

  /** The connection has closed. */
  closed(connection: number): void {
    this.#carrier.get(connection)?.connections.delete(connection);
    this.#carrier.delete(connection);
  }

  /** Passes on no grants from now on. Transactions without a report stay in the spool as they are. */
  drain(): void {
    this.#draining = true;
  }

  /** Resolves when every sender process has closed its link, so that all its reports have arrived. */
  gone(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#goneCallbacks.push(resolve);
    });
  }

  get connections(): number {
    return this.#carrier.size;
  }

  #unlinked(process: SenderProcess, serial: number): void {
    process.channel = undefined;
    if (serial === ownSerial) process.hasEnded = true;
    // Before its connections are reported as lost: the scheduler grants others in their place, which the rest must carry.
    this.#tellCapacity();
    this.#loseIfEnded(process, serial);
    if (this.count > 0) return;
    const waiting = this.#goneCallbacks;
    this.#goneCallbacks = [];
    for (const callback of waiting) callback();
  }

  #loseIfEnded(process: SenderProcess, serial: number): void {
    if (process.channel !== undefined || !process.hasEnded) return;
    if (this.#processes.get(serial) === process) this.#processes.delete(serial);
    this.#loseConnections(process);
  }

  #loseConnections(process: SenderProcess): void {
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
    if (this.#endedUnseen.size > maxEndedUnseen) this.#endedUnseen.delete(eldest);
  }

  #stopAwaiting(serial: number): void {
    if (!this.#awaited.delete(serial)) return;
    this.#options.awaits([...this.#awaited]);
    if (this.#awaited.size === 0) this.#heard.resolve();
  }

  #tellCapacity(): void {
    const { count } = this;
    const carried = this.#awaited.size > 0 || count === 0 ? 0 : this.#perProcess * count;
    if (carried === this.#carried || this.#draining) return;
    this.#carried = carried;
    this.#options.carry(carried);
  }
}
