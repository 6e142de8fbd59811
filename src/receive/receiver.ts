// The listeners of one receiver process: accepts connections within the limits and starts a session for each.

import { createServer, type Server, type Socket } from 'node:net';
import { StartError } from '../errors/start-error.ts';
import { withoutMapping } from '../values/ip-address.ts';
import type { NetworkSet } from '../values/network-set.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import { listenUnix } from '../io/unix-listener.ts';
import { ClientLimits } from './client-limits.ts';
import { clientHighWaterMark } from './client-socket.ts';
import { type ConnectionOrigin, IncomingConnection } from './incoming-connection.ts';
import type { ReceiveContext } from './receive-context.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** How a listener is shared, and how it treats mail. */
export interface ListenOptions {
  /** Share the port with other receiver processes (SO_REUSEPORT)? */
  readonly shared: boolean;
  /** Complete mail that clients in relay_networks hand in for the first time? */
  readonly completesMail: boolean;
}

/** The way of a connection into this process. */
type Way = Omit<ConnectionOrigin, 'client'>;

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

export class Receiver {
  #context: ReceiveContext;
  /** The context of clients that the limits per client do not apply to. */
  #exemptContext: ReceiveContext;
  #exempt: NetworkSet;
  #limits: ClientLimits;
  readonly #servers: Server[] = [];
  readonly #connections = new Set<IncomingConnection>();
  #whenDrained: (() => void) | undefined;

  /** @param exempt - clients that the limits per client do not apply to */
  constructor(context: ReceiveContext, exempt: NetworkSet) {
    this.#context = context;
    this.#exemptContext = withoutErrorLimit(context);
    this.#exempt = exempt;
    this.#limits = limitsOf(context);
  }

  /** Applies new settings to connections that begin from now on. Open connections keep theirs. */
  reconfigure(context: ReceiveContext, exempt: NetworkSet): void {
    const before = this.#context.settings;
    const { maxConnectionsPerClient, connectionRatePerClient: rate } = context.settings;
    const areLimitsSame =
      before.maxConnectionsPerClient === maxConnectionsPerClient &&
      before.connectionRatePerClient.count === rate.count &&
      before.connectionRatePerClient.perMs === rate.perMs;
    this.#context = context;
    this.#exemptContext = withoutErrorLimit(context);
    this.#exempt = exempt;
    if (!areLimitsSame) this.#limits = limitsOf(context);
  }

  /**
   * Starts to listen.
   * @throws {StartError} `LISTEN_FAILED` when the address cannot be bound
   */
  async listen(address: ListenAddress, options: ListenOptions): Promise<ListenAddress> {
    const { completesMail, shared } = options;
    const listener = { kind: 'smtp', name: formatAddress(address) } as const;
    const server = createServer(
      { noDelay: true, allowHalfOpen: true, highWaterMark: clientHighWaterMark },
      (socket) => this.#accept(socket, { listener, completesMail }),
    );
    this.#servers.push(server);
    await bind(server, address, shared);
    const bound = server.address();
    return typeof bound === 'object' && bound !== null ? { host: bound.address, port: bound.port } : address;
  }

  /**
   * Checks that no other program listens on the port: with SO_REUSEPORT it would share the port, and get a part of the mail.
   * @throws {StartError} `LISTEN_FAILED` when the address cannot be bound
   */
  static async checkFree(address: ListenAddress): Promise<void> {
    const server = createServer();
    await bind(server, address, false);
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }

  /**
   * Starts to listen on a Unix-domain socket for programs of this host (`sluice sendmail`): they may relay.
   * @throws {StartError} `SUBMISSION_SOCKET` when it cannot be created
   */
  async listenLocal(path: string): Promise<void> {
    const server = createServer({ allowHalfOpen: true, highWaterMark: clientHighWaterMark }, (socket) =>
      this.#acceptLocal(socket, { listener: { kind: 'submission', name: path }, completesMail: true }),
    );
    this.#servers.push(server);
    try {
      await listenUnix(server, path, 0o666);
    } catch (error) {
      throw new StartError(
        'SUBMISSION_SOCKET',
        `Creating the submission socket ${path}: ${error instanceof Error ? error.message : String(error)}.`,
        'Set submission_socket to a path of at most 100 bytes of its own, in a folder that Sluice may write.',
      );
    }
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Stops listening, finishes the messages that are being received, then calls back. */
  drain(whenDrained: () => void): void {
    this.#whenDrained = whenDrained;
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections) connection.shutdown();
    if (this.#connections.size === 0) this.#drained();
  }

  /** Ends every session at once. Clients send again what was not answered 250. */
  abandon(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #accept(socket: Socket, way: Way): void {
    const client = withoutMapping(socket.remoteAddress ?? '');
    if (client === '') {
      socket.destroy(); // the client has gone already
      return;
    }
    const { settings } = this.#context;
    if (this.#connections.size >= settings.maxConnections) {
      if (this.#connections.size >= settings.maxConnections + maxRefusedConnections) socket.destroy();
      else this.#open(socket, client, way, () => undefined).refuse(tooMany);
      return;
    }
    if (this.#exempt.has(client)) {
      this.#open(socket, client, way, () => undefined, this.#exemptContext).start();
      return;
    }
    const limits = this.#limits;
    const refusal = limits.admit(client, performance.now());
    if (refusal === undefined) this.#open(socket, client, way, () => limits.release(client)).start();
    else
      this.#open(socket, client, way, () => undefined).refuse(refusal === 'rate' ? tooFast : tooManyFromYou);
  }

  #acceptLocal(socket: Socket, way: Way): void {
    const connection = this.#open(socket, '', way, () => undefined, this.#exemptContext);
    if (this.#connections.size > this.#context.settings.maxConnections) connection.refuse(tooMany);
    else connection.start();
  }

  #open(
    socket: Socket,
    client: string,
    way: Way,
    release: () => void,
    context: ReceiveContext = this.#context,
  ): IncomingConnection {
    const connection = new IncomingConnection(context, socket, { ...way, client }, () => {
      release();
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#drained();
    });
    this.#connections.add(connection);
    return connection;
  }

  #drained(): void {
    const callback = this.#whenDrained;
    this.#whenDrained = undefined;
    callback?.();
  }
}

function bind(server: Server, address: ListenAddress, shared: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(address, error)));
    server.listen({ host: address.host, port: address.port, reusePort: shared, backlog: 1024 }, resolve);
  });
}

/** Created once for all connections, since sessions with the same options object share their encoded replies. */
function withoutErrorLimit(context: ReceiveContext): ReceiveContext {
  const { settings } = context;
  return { ...context, settings: { ...settings, session: { ...settings.session, maxErrors: 0 } } };
}

function limitsOf(context: ReceiveContext): ClientLimits {
  return new ClientLimits(context.settings.maxConnectionsPerClient, context.settings.connectionRatePerClient);
}

function formatAddress({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function listenError(address: ListenAddress, error: NodeJS.ErrnoException): StartError {
  const where = `Listening on ${formatAddress(address)}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartError(
        'LISTEN_FAILED',
        `${where}: the port is in use.`,
        'Stop the program that listens there, or set another address under [[listen]].',
      );
    case 'EACCES':
      return new StartError(
        'LISTEN_FAILED',
        `${where}: not permitted.`,
        'Ports below 1024 need root or the capability CAP_NET_BIND_SERVICE.',
      );
    case 'EADDRNOTAVAIL':
      return new StartError(
        'LISTEN_FAILED',
        `${where}: this machine has no such address.`,
        'Set an address of this machine under [[listen]].',
      );
    default:
      return new StartError('LISTEN_FAILED', `${where}: ${error.message}.`);
  }
}
