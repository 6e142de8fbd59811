// The counters of receivers, senders and POP3, each since the start of its process. Promises: a process that links again is not
// counted twice, and one that has ended goes on counting.

import type { Counters } from '../log/event-counters.ts';

export type CountingRole = 'receiver' | 'sender' | 'pop3';

/** Most processes that are remembered one by one. */
const mostProcesses = 256;

export class RoleCounters {
  /** By role and serial of the process, the latest news last. */
  readonly #processes = new Map<string, { readonly role: CountingRole; readonly counters: Counters }>();
  /** Sums of processes that are not remembered any more. */
  readonly #earlier = {
    receiver: new Map<string, number>(),
    sender: new Map<string, number>(),
    pop3: new Map<string, number>(),
  };

  /** A process tells all its counters so far. */
  told(role: CountingRole, serial: number, counters: Counters): void {
    const key = `${role} ${serial}`;
    this.#processes.delete(key);
    this.#processes.set(key, { role, counters });
    if (this.#processes.size <= mostProcesses) return;
    const [oldest] = this.#processes;
    if (oldest === undefined) return;
    this.#processes.delete(oldest[0]);
    add(this.#earlier[oldest[1].role], oldest[1].counters);
  }

  /** The sum over all processes of a role, by name. */
  sum(role: CountingRole): Readonly<Record<string, number>> {
    const sum = new Map(this.#earlier[role]);
    for (const each of this.#processes.values()) if (each.role === role) add(sum, each.counters);
    return Object.fromEntries([...sum].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function add(sum: Map<string, number>, counters: Counters): void {
  for (const [name, count] of Object.entries(counters)) sum.set(name, (sum.get(name) ?? 0) + count);
}
