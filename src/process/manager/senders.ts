// The sender processes as the manager sees them: which one carries which connection, and what is lost when one dies.

import type { ConnectGrant, Work } from '../../deliver/types.ts';
import type { Channel } from '../channel.ts';
import type { ManagerToSender, SenderToManager } from '../messages.ts';

type SenderChannel = Channel<ManagerToSender, SenderToManager>;

interface SenderProcess {
  readonly channel: SenderChannel;
  readonly connections: Set<number>;
}

/** Gives each new connection to the sender process with the fewest. */
export class Senders {
  readonly #processes = new Set<SenderProcess>();
  readonly #carrier = new Map<number, SenderProcess>();
  /** Granted while no sender process was there, or each was full: the others of one that died may be. */
  #waiting = new Map<number, ConnectGrant>();
  readonly #lost: (connection: number) => void;
  readonly #perProcess: number;
  #draining = false;
  #whenGone: (() => void)[] = [];

  /**
   * @param lost - called for each connection of a process that died
   * @param perProcess - connections that one process can hold
   */
  constructor(lost: (connection: number) => void, perProcess: number) {
    this.#lost = lost;
    this.#perProcess = perProcess;
  }

  add(channel: SenderChannel): void {
    const added: SenderProcess = { channel, connections: new Set() };
    this.#processes.add(added);
    channel.onClosed(() => {
      this.#processes.delete(added);
      // While draining, what was not reported stays in the spool as it is.
      const lost = this.#draining ? [] : [...added.connections];
      added.connections.clear();
      for (const connection of lost) {
        this.#carrier.delete(connection);
        this.#lost(connection);
      }
      if (this.#processes.size > 0) return;
      const waiting = this.#whenGone;
      this.#whenGone = [];
      for (const callback of waiting) callback();
    });
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const grant of waiting.values()) this.connect(grant);
  }

  get count(): number {
    return this.#processes.size;
  }

  connect(grant: ConnectGrant): void {
    let least: SenderProcess | undefined;
    for (const candidate of this.#draining ? [] : this.#processes) {
      if (least === undefined || candidate.connections.size < least.connections.size) least = candidate;
    }
    if (least === undefined || least.connections.size >= this.#perProcess) {
      this.#waiting.set(grant.connection, grant);
      return;
    }
    least.connections.add(grant.connection);
    this.#carrier.set(grant.connection, least);
    least.channel.post({ kind: 'connect', ...grant });
  }

  transact(connection: number, work: Work): void {
    if (!this.#draining) this.#carrier.get(connection)?.channel.post({ kind: 'transact', connection, work });
  }

  close(connection: number): void {
    this.#carrier.get(connection)?.channel.post({ kind: 'close', connection });
  }

  /** The connection is no more. */
  closed(connection: number): void {
    this.#waiting.delete(connection);
    this.#carrier.get(connection)?.connections.delete(connection);
    this.#carrier.delete(connection);
    const [next] = this.#waiting.values();
    if (next === undefined || this.#draining) return;
    this.#waiting.delete(next.connection);
    this.connect(next);
  }

  /** From here on nothing is granted: connections wait for a process that will not come. */
  drain(): void {
    this.#draining = true;
  }

  /** Resolves when every sender process has ended and all that it had to say has been heard. */
  gone(): Promise<void> {
    if (this.#processes.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenGone.push(resolve);
    });
  }

  get connections(): number {
    return this.#carrier.size;
  }
}
