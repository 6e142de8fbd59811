// One POP3 listener: accepts connections within the limits, and starts a session for each.

import { createServer, type Server, type Socket } from 'node:net';
import type { Refusal } from '../receive/client-limits.ts';
import { clientHighWaterMark } from '../receive/client-socket.ts';
import { HeaderWaits } from '../receive/header-waits.ts';
import type { DrainReason, KeptListener, KeptOptions } from '../receive/kept-listeners.ts';
import { type ListenerParts, openListener } from '../receive/open-listener.ts';
import { withoutMapping } from '../values/ip-address.ts';
import type { ListenAddress } from '../values/listen-address.ts';
import type { NetworkSet } from '../values/network-set.ts';
import { Pop3Connection } from './pop3-connection.ts';
import type { Pop3Context } from './pop3-context.ts';
import type { Pop3Limits } from './pop3-limits.ts';

export interface Pop3ListenerOptions extends KeptOptions {
  readonly facts: { readonly kind: 'pop3'; readonly name: string };
  readonly context: Pop3Context;
  /** Load balancers: each of their connections must begin with a PROXY header, and no other may. */
  readonly balancers: NetworkSet;
  /** Clients that the limits per client do not apply to. */
  readonly exempt: NetworkSet;
  /** Connections to this listener at the same time. */
  readonly maxConnections: number;
}

const refusals: Readonly<Record<Refusal, string>> = {
  connections: 'Too many connections from your address, try again later',
  rate: 'Too many new connections from your address, try again later',
};

/** Connections above the limit that are answered. Further ones are closed without a reply. */
const maxRefused = 100;

export class Pop3Listener implements KeptListener<Pop3ListenerOptions> {
  #options: Pop3ListenerOptions;
  readonly #limits: Pop3Limits;
  readonly #parts: ListenerParts;
  readonly #server: Server;
  readonly #waits: HeaderWaits;
  readonly #connections = new Set<Pop3Connection>();
  #whenDrained: (() => void) | undefined;

  constructor(options: Pop3ListenerOptions, limits: Pop3Limits, parts: ListenerParts) {
    this.#options = options;
    this.#limits = limits;
    this.#parts = parts;
    this.#waits = new HeaderWaits(options.facts.name, parts.troubles);
    const socketOptions = {
      noDelay: true,
      allowHalfOpen: true,
      highWaterMark: clientHighWaterMark,
      // A client that has gone without a word must not keep its mailbox for long.
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
    };
    this.#server = createServer(socketOptions, (socket) => this.#accept(socket));
  }

  get options(): Pop3ListenerOptions {
    return this.#options;
  }

  listen(): Promise<ListenAddress> {
    const { address, facts } = this.#options;
    return openListener(this.#server, { address, facts, isShared: false, socketMode: 0o600 }, this.#parts);
  }

  /** Sessions that are open keep their settings. */
  reconfigure(options: Pop3ListenerOptions): undefined {
    this.#options = options;
  }

  /** Sessions end at once: what a client has deleted stays until QUIT (RFC 1939 6), and it comes again. */
  drain(why: DrainReason, whenDrained: () => void): void {
    this.#whenDrained = whenDrained;
    this.#server.close();
    this.#waits.close();
    for (const connection of this.#connections) connection.destroy(why);
    this.#ended();
  }

  abandon(): void {
    this.#waits.abandon();
    for (const connection of this.#connections) connection.destroy();
  }

  #accept(socket: Socket): void {
    const client = withoutMapping(socket.remoteAddress ?? '');
    const over = Math.max(
      this.#limits.connections - this.#limits.maxConnections,
      this.#connections.size + this.#waits.size - this.#options.maxConnections,
    );
    if (client === '' || over >= maxRefused) socket.destroy();
    else if (over >= 0) this.#open(socket, client).refuse('Too many connections, try again later');
    else if (this.#options.balancers.has(client)) this.#awaitHeader(socket, client);
    else this.#admit(socket, client, true);
  }

  #awaitHeader(socket: Socket, balancer: string): void {
    this.#limits.connections++;
    this.#waits.begin(socket, balancer, this.#options.context, {
      came: (source) => {
        this.#limits.connections--;
        const isKnown = source.kind === 'client';
        this.#admit(socket, isKnown ? source.client.address : balancer, isKnown);
      },
      failed: () => {
        this.#limits.connections--;
        this.#ended();
      },
    });
  }

  /** @param isCounted - whether the limits per client apply */
  #admit(socket: Socket, client: string, isCounted: boolean): void {
    const { clients } = this.#limits;
    const isLimited = isCounted && !this.#options.exempt.has(client);
    const refusal = isLimited ? clients.admit(client, performance.now()) : undefined;
    const release = isLimited && refusal === undefined ? () => clients.release(client) : undefined;
    const connection = this.#open(socket, client, release);
    // It is paused when a PROXY header came before.
    socket.resume();
    if (refusal === undefined) connection.start();
    else connection.refuse(refusals[refusal]);
  }

  #open(socket: Socket, client: string, release: () => void = () => undefined): Pop3Connection {
    const connection = new Pop3Connection(this.#options.context, socket, client, () => {
      release();
      this.#connections.delete(connection);
      this.#limits.connections--;
      this.#ended();
    });
    this.#connections.add(connection);
    this.#limits.connections++;
    return connection;
  }

  #ended(): void {
    if (this.#connections.size + this.#waits.size > 0) return;
    const callback = this.#whenDrained;
    this.#whenDrained = undefined;
    callback?.();
  }
}
