// A connection of a simulation, and what is on it.

import type { ConnectionHandle, Effect, Transaction } from '../schedule/types.ts';
import type { Host, Verdict } from './host.ts';
import type { Refusal, Visit } from './trait.ts';

export class Link implements Visit {
  readonly number: number;
  readonly connection: ConnectionHandle;
  readonly site: string;
  readonly host: string;
  readonly ip: string;
  readonly port: number;
  readonly source: string;
  readonly machine: Host;
  transaction: Transaction;
  refusal: Refusal | undefined;
  /** Events of an earlier turn are void. */
  turn = 0;
  /** Greeting and EHLO are through. */
  isReady = false;

  constructor(number: number, effect: Extract<Effect, { readonly kind: 'connect' }>, machine: Host) {
    this.number = number;
    this.connection = effect.connection;
    this.site = effect.site;
    this.host = effect.host;
    this.ip = effect.ip;
    this.port = effect.port;
    this.source = effect.source ?? '';
    this.machine = machine;
    this.transaction = effect.transaction;
  }
}

/** As the sender process words it: a reply comes first, so that reactions can be matched against it. */
export function failureOf({ host, ip, port }: Visit, { kind, reply }: Refusal): string {
  const where = `${host}[${ip}]:${port}`;
  if (kind === 'greeting') return `${reply} (${where}: greeting)`;
  return `${where}: ${kind === 'silent' ? 'connection timed out' : 'connection refused'}`;
}

/** No answer in time: the client gives up. */
export function timedOut(recipients: readonly number[]): Verdict {
  return {
    results: recipients.map((recipient) => ({ recipient, result: 'tempfail', error: '451 4.4.2 timed out' })),
    hangsUp: true,
    taken: [],
  };
}
