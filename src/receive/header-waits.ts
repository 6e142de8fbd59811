// Connections of load balancers to one listener whose PROXY header has not come yet. Each header that fails is a line in the log; a
// balancer of which several in a row have failed is a trouble, with its address, until one of its headers comes. Bounded in balancers.

import type { Socket } from 'node:net';
import type { ProxySource } from '../protocol/proxy/types.ts';
import type { TroubleKey } from '../stats/trouble-kinds.ts';
import type { Troubles } from '../stats/troubles.ts';
import { ProxyHeaderWait } from './proxy-header-wait.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { ReceiveLog } from './receive-log.ts';

/** Headers of one balancer that have to fail in a row: one of them may be a port scan or a network that broke. */
const failuresOfTrouble = 3;
/** Balancers whose failures are counted. There are more of them only where a whole network is named. */
const mostBalancers = 100;

/** What waits work with. */
export interface WaitParts extends Pick<ReceiveContext, 'deadlines'> {
  readonly log: Pick<ReceiveLog, 'proxyHeaderFailed'>;
}

export interface HeaderEvents {
  /** The header is read. The socket has no listeners, and is paused. */
  came(source: ProxySource): void;
  /** There is none, and the socket is destroyed. */
  failed(): void;
}

export class HeaderWaits {
  readonly #listener: string;
  readonly #troubles: Troubles;
  readonly #waits = new Set<ProxyHeaderWait>();
  /** Failures in a row by balancer, the one that has failed last at the end. */
  readonly #failures = new Map<string, number>();

  /** @param listener - its name, for people */
  constructor(listener: string, troubles: Troubles) {
    this.#listener = listener;
    this.#troubles = troubles;
  }

  /** The number of connections that wait. */
  get size(): number {
    return this.#waits.size;
  }

  /** Waits for the header of a connection, for a limited time. */
  begin(socket: Socket, balancer: string, { deadlines, log }: WaitParts, events: HeaderEvents): void {
    const wait = new ProxyHeaderWait(socket, deadlines, {
      came: (source) => {
        this.#waits.delete(wait);
        this.#forget(balancer);
        events.came(source);
      },
      failed: (reason) => {
        this.#waits.delete(wait);
        if (reason !== '') {
          log.proxyHeaderFailed(balancer, reason);
          this.#count(balancer, reason);
        }
        events.failed();
      },
    });
    this.#waits.add(wait);
  }

  /** Gives up those that wait. */
  abandon(): void {
    for (const wait of this.#waits) wait.abandon();
  }

  /** The listener takes no more connections: what was wrong with its balancers is over. */
  close(): void {
    for (const balancer of this.#failures.keys()) this.#forget(balancer);
    this.abandon();
  }

  #count(balancer: string, reason: string): void {
    const failures = (this.#failures.get(balancer) ?? 0) + 1;
    const [oldest] = this.#failures.size >= mostBalancers ? this.#failures.keys() : [];
    if (oldest !== undefined) this.#forget(oldest);
    this.#failures.delete(balancer);
    this.#failures.set(balancer, failures);
    if (failures < failuresOfTrouble) return;
    this.#troubles.raise(
      this.#keyOf(balancer),
      'warning',
      `The load balancer ${balancer} sends no proper PROXY header to ${this.#listener}, so its connections are closed: ${reason}.`,
      'Let it send one (HAProxy: send-proxy-v2, for checks check-send-proxy), or take its address out of proxy_protocol, and reload.',
    );
  }

  #forget(balancer: string): void {
    if (this.#failures.delete(balancer)) this.#troubles.clear(this.#keyOf(balancer));
  }

  #keyOf(balancer: string): TroubleKey {
    return `listener:proxy ${this.#listener} ${balancer}`;
  }
}
