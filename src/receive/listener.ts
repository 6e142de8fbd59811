// One listener: where clients connect, what is spoken there, and by which settings. It accepts connections within the limits, and
// starts a session for each. It is opened and closed while others go on.

import { createServer, type Server, type Socket } from 'node:net';
import { changeMode } from '../io/unix-listener.ts';
import type { FrontEndFacts, ListenerFacts } from '../policy/stage.ts';
import type { ProxySource } from '../protocol/proxy/types.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import { withoutMapping } from '../values/ip-address.ts';
import type { ListenAddress } from '../values/listen-address.ts';
import type { NetworkSet } from '../values/network-set.ts';
import { withoutClientCounts, withoutClientLimits } from './client-contexts.ts';
import type { ClientLimits } from './client-limits.ts';
import { clientHighWaterMark } from './client-socket.ts';
import type { Admission, Admitted, ConnectionOrigin, FrontEndRights } from './connection-origin.ts';
import { noRights, uncounted } from './connection-origin.ts';
import { IncomingConnection } from './incoming-connection.ts';
import { type ListenerParts, openListener } from './open-listener.ts';
import { HeaderWaits } from './header-waits.ts';
import type { DrainReason, KeptListener } from './kept-listeners.ts';
import type { ReceiveContext } from './receive-context.ts';
import { clientLimitsOf, hasSameClientLimits, type SharedLimits } from './shared-limits.ts';

/** What a listener is opened with; a reload may change all but address and protocol. */
export interface ListenerOptions {
  /** For stages and the log; the name is unique among listeners. */
  readonly facts: ListenerFacts;
  readonly address: ListenAddress;
  /** Share the port with other receiver processes (SO_REUSEPORT)? */
  readonly isShared: boolean;
  /** Permissions of a Unix-domain socket: who may write may connect, and may relay. */
  readonly socketMode: number;
  /** The name of a socket that the service manager hands over. */
  readonly socketName?: string | undefined;
  /** Complete mail that clients in relay_networks hand in for the first time? */
  readonly completesMail: boolean;
  readonly context: ReceiveContext;
  /** Clients that the limits per client do not apply to. */
  readonly exempt: NetworkSet;
  /** Load balancers: each of their connections must begin with a PROXY header, and no other may. */
  readonly balancers: NetworkSet;
  /** Front ends that must tell their client by XCLIENT before any mail. */
  readonly xclient: NetworkSet;
  /** May users of whom they tell by LOGIN relay? */
  readonly relaysToldLogins?: boolean;
  /** Front ends that may tell by XFORWARD, for the log, where a message came from. */
  readonly xforward: NetworkSet;
  /** Clients that may ask for a sender for each recipient (XVERP). */
  readonly xverp: Pick<NetworkSet, 'has'>;
  /** Connections to this listener at the same time; undefined: only those of all listeners together are limited. */
  readonly maxConnections: number | undefined;
  /** Limits per client count the connections to this listener alone. */
  readonly hasOwnClientLimits: boolean;
}

const tooMany: Reply = { code: 421, enhanced: '4.3.2', text: 'Too many connections, try again later' };
const tooManyFromYou: Reply = {
  code: 421,
  enhanced: '4.7.0',
  text: 'Too many connections from your address, try again later',
};
const tooFast: Reply = {
  code: 421,
  enhanced: '4.7.0',
  text: 'Too many new connections from your address, try again later',
};

/** The number of connections above the limit that are answered 421. Further ones are closed without a reply. */
const maxRefusedConnections = 1000;

export class Listener implements KeptListener<ListenerOptions> {
  readonly #parts: ListenerParts;
  readonly #shared: SharedLimits;
  readonly #server: Server;
  readonly #connections = new Set<IncomingConnection>();
  readonly #waits: HeaderWaits;
  #options: ListenerOptions;
  /** The context of clients that the limits per client do not apply to. */
  #exemptContext: ReceiveContext;
  /** The context of clients that a front end does not know: nothing that counts by address applies. */
  #unknownContext: ReceiveContext;
  #ownLimits: ClientLimits | undefined;
  #whenDrained: (() => void) | undefined;

  constructor(options: ListenerOptions, shared: SharedLimits, parts: ListenerParts) {
    this.#parts = parts;
    this.#waits = new HeaderWaits(options.facts.name, parts.troubles);
    this.#options = options;
    this.#shared = shared;
    this.#exemptContext = withoutClientLimits(options.context);
    this.#unknownContext = withoutClientCounts(options.context);
    this.#ownLimits = options.hasOwnClientLimits ? clientLimitsOf(options.context.settings) : undefined;
    const isTcp = options.address.kind === 'tcp';
    const socketOptions = { noDelay: isTcp, allowHalfOpen: true, highWaterMark: clientHighWaterMark };
    this.#server = createServer(socketOptions, (socket) =>
      isTcp ? this.#accept(socket) : this.#acceptLocal(socket),
    );
  }

  get options(): ListenerOptions {
    return this.#options;
  }

  get connections(): number {
    return this.#connections.size + this.#waits.size;
  }

  /**
   * Starts to listen. Resolves to the address, with the port that the system chose for port 0.
   * @throws {StartError} `LISTEN_FAILED` or `SUBMISSION_SOCKET` when the address cannot be had
   */
  listen(): Promise<ListenAddress> {
    return openListener(this.#server, this.#options, this.#parts);
  }

  /**
   * Applies new settings to connections that begin from now on. Open connections keep theirs.
   * @returns why the socket keeps its permissions; undefined when it has those that it should have
   */
  reconfigure(options: ListenerOptions): string | undefined {
    const { context: before, socketMode } = this.#options;
    this.#options = options;
    this.#exemptContext = withoutClientLimits(options.context);
    this.#unknownContext = withoutClientCounts(options.context);
    if (!options.hasOwnClientLimits) this.#ownLimits = undefined;
    else if (
      this.#ownLimits === undefined ||
      !hasSameClientLimits(before.settings, options.context.settings)
    ) {
      this.#ownLimits = clientLimitsOf(options.context.settings);
    }
    return options.socketMode === socketMode ? undefined : changeMode(options.address, options.socketMode);
  }

  /**
   * Stops listening, finishes the messages that are being received, then calls back.
   * @param why - what clients are told
   */
  drain(why: DrainReason, whenDrained: () => void): void {
    this.#whenDrained = whenDrained;
    this.#server.close();
    this.#waits.close();
    for (const connection of this.#connections) connection.shutdown(why);
    this.#ended();
  }

  /** Ends every session at once. Clients send again what was not answered 250. */
  abandon(): void {
    this.#waits.abandon();
    for (const connection of this.#connections) connection.destroy();
  }

  #accept(socket: Socket): void {
    const client = withoutMapping(socket.remoteAddress ?? '');
    if (client === '') {
      socket.destroy(); // the client has gone already
      return;
    }
    const { context, balancers } = this.#options;
    const over = this.#connectionsOver;
    if (over >= 0) {
      if (over >= maxRefusedConnections) socket.destroy();
      else this.#open(socket, client, undefined, uncounted(context)).refuse(tooMany);
      return;
    }
    if (balancers.has(client)) this.#awaitHeader(socket, client);
    else this.#admit(socket, client, undefined);
  }

  #awaitHeader(socket: Socket, balancer: string): void {
    this.#waits.begin(socket, balancer, this.#options.context, {
      came: (source) => {
        this.#shared.connections--;
        this.#proxied(socket, balancer, source);
      },
      failed: () => {
        this.#shared.connections--;
        this.#ended();
      },
    });
    this.#shared.connections++;
  }

  #proxied(socket: Socket, balancer: string, source: ProxySource): void {
    if (source.kind === 'client') {
      const { client, destination } = source;
      this.#admit(socket, client.address, {
        address: balancer,
        knowsClient: true,
        clientPort: client.port,
        destination: destination.address,
        destinationPort: destination.port,
      });
      return;
    }
    const frontEnd = { address: balancer, knowsClient: false };
    start(this.#open(socket, balancer, frontEnd, uncounted(this.#unknownContext)), socket);
  }

  /** Applies the limits per client to a connection, and starts its session. */
  #admit(socket: Socket, client: string, frontEnd: FrontEndFacts | undefined): void {
    // A front end is limited by the clients that it tells.
    const admission = this.#admission(this.#options.xclient.has(client) ? '' : client);
    if (admission.kind === 'admitted') {
      start(this.#open(socket, client, frontEnd, admission), socket);
      return;
    }
    const connection = this.#open(socket, client, frontEnd, uncounted(this.#options.context));
    socket.resume();
    connection.refuse(admission.reply);
  }

  /** @param client - empty when it is not known */
  #admission(client: string): Admission {
    const { context, exempt } = this.#options;
    if (client === '') return uncounted(this.#unknownContext);
    if (exempt.has(client)) return uncounted(this.#exemptContext);
    const limits = this.#ownLimits ?? this.#shared.clients;
    const refusal = limits.admit(client, performance.now());
    const connections = limits.connectionsOf(client);
    if (refusal === undefined) {
      return { kind: 'admitted', connections, context, release: () => limits.release(client) };
    }
    return { kind: 'refused', connections, reply: refusal === 'rate' ? tooFast : tooManyFromYou };
  }

  readonly #admitTold = (client: string): Admission => this.#admission(client);

  /** Programs of this host have no address to limit. */
  #acceptLocal(socket: Socket): void {
    const isTooMany = this.#connectionsOver >= 0;
    const connection = this.#open(socket, '', undefined, uncounted(this.#exemptContext));
    if (isTooMany) connection.refuse(tooMany);
    else connection.start();
  }

  /** How far the limits are exceeded by one more connection; negative when there is room. */
  get #connectionsOver(): number {
    const { connections, maxConnections } = this.#shared;
    const own = this.#options.maxConnections;
    const overAll = connections - maxConnections;
    return own === undefined ? overAll : Math.max(overAll, this.connections - own);
  }

  #open(
    socket: Socket,
    client: string,
    frontEnd: FrontEndFacts | undefined,
    { context, connections, release }: Admitted,
  ): IncomingConnection {
    const { facts: listener, completesMail, xclient, relaysToldLogins, xforward, xverp } = this.#options;
    const rightsOf = (address: string): FrontEndRights => ({
      xclient: xclient.has(address),
      xforward: xforward.has(address),
      xverp: xverp.has(address),
    });
    // Clients that a balancer does not know come with the balancer's address, and have no right by it.
    const isKnown = frontEnd?.knowsClient !== false;
    const origin: ConnectionOrigin = {
      listener,
      client,
      connections,
      frontEnd,
      completesMail,
      relaysToldLogins: relaysToldLogins === true,
      rights: isKnown ? rightsOf(client) : noRights,
      rightsOf,
      admit: this.#admitTold,
    };
    const connection = new IncomingConnection(context, socket, origin, () => {
      release();
      this.#connections.delete(connection);
      this.#shared.connections--;
      this.#ended();
    });
    this.#connections.add(connection);
    this.#shared.connections++;
    return connection;
  }

  #ended(): void {
    if (this.connections > 0) return;
    const callback = this.#whenDrained;
    this.#whenDrained = undefined;
    callback?.();
  }
}

/** Starts a session, on a socket that is paused when a PROXY header came before. */
function start(connection: IncomingConnection, socket: Socket): void {
  socket.resume();
  connection.start();
}
