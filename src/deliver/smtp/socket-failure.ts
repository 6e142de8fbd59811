// Says why a connection failed, for log lines and bounces, and whether this machine caused it.

import type { SocketEndpoint } from '../../values/hop-endpoint.ts';

export interface SocketFailure {
  /** One line. */
  readonly reason: string;
  /** This machine could not even begin to connect, so nothing is known about the destination. */
  readonly local: boolean;
}

/**
 * @param to - what was to be connected to
 * @param source - our own address that the connection was to be made from; empty: the system chose
 */
export function socketFailure(
  error: NodeJS.ErrnoException,
  to: SocketEndpoint,
  source: string,
): SocketFailure {
  if (error.syscall === 'bind') return ofSource(source, bindFailure(error));
  const ofUnix = to.kind === 'unix' ? unixFailure(error.code) : undefined;
  if (ofUnix !== undefined) return ofUnix;
  switch (error.code) {
    case 'ECONNREFUSED':
      return ofDestination('connection refused');
    case 'ETIMEDOUT':
      return ofDestination('connection timed out');
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return ofDestination('no route to the host');
    case 'ECONNRESET':
      return ofDestination('the remote server reset the connection');
    case 'EPIPE':
      return ofDestination('the remote server closed the connection');
    case 'EADDRNOTAVAIL':
    case 'EADDRINUSE':
      return ofSource(
        source,
        'all local ports are in use; widen net.ipv4.ip_local_port_range, or add another [[source]]',
      );
    case 'EMFILE':
    case 'ENFILE':
      return { reason: 'too many open files; raise the limit (LimitNOFILE)', local: true };
    case 'ENOBUFS':
    case 'ENOMEM':
      return { reason: `the system has no memory for a connection (${error.code})`, local: true };
    default:
      return ofDestination(error.message);
  }
}

/** Where OpenSSL says why: `error:0A000410:SSL routines:ssl3_read_bytes:ssl/tls alert handshake failure:...`. */
const opensslReason = /error:[0-9A-F]+:[^:]*:[^:]*:([^:\n]+)/;

/** Why a connection under TLS, or its handshake, failed: one line. */
export function tlsFailure(
  error: NodeJS.ErrnoException & { readonly reason?: string },
  to: SocketEndpoint,
  source: string,
): string {
  const said = error.reason ?? opensslReason.exec(error.message)?.[1];
  if (said !== undefined) return `TLS failed: ${said}`;
  if (error.syscall !== undefined) return socketFailure(error, to, source).reason;
  // What Node says when the other end closes in the handshake has the code of a reset, which it was not.
  return error.code === 'ECONNRESET'
    ? 'the remote server closed the connection'
    : `TLS failed: ${error.message}`;
}

/** The failures of unix(7) that say more about a socket of this machine than a TCP connection could; undefined for the others. */
function unixFailure(code: string | undefined): SocketFailure | undefined {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return ofThisMachine('there is no such socket; start the server, or correct the path');
    case 'ECONNREFUSED':
      return ofThisMachine('no server listens at the socket; start it');
    case 'EACCES':
    case 'EPERM':
      return ofThisMachine(
        "Sluice may not write to the socket; change the socket's owner or mode, or those of the folders above it",
      );
    case 'EPROTOTYPE':
      return ofThisMachine('the socket is no stream socket; correct the path');
    case 'EAGAIN':
      // connect(2): the backlog of the listener is full. So there is a server, and it is busy.
      return ofDestination('the server does not take more connections now');
    default:
      return undefined;
  }
}

function bindFailure({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address; change it in [[source]]';
    case 'EINVAL':
    case 'EAFNOSUPPORT':
      return 'its IP version is not that of the destination, or this machine cannot speak it; change it in [[source]]';
    case 'EACCES':
    case 'EPERM':
      return 'not permitted; change it in [[source]], or let Sluice use it';
    default:
      return `${message}; see [[source]]`;
  }
}

function ofSource(source: string, why: string): SocketFailure {
  return { reason: source === '' ? why : `cannot connect from ${source}: ${why}`, local: true };
}

function ofThisMachine(reason: string): SocketFailure {
  return { reason, local: true };
}

function ofDestination(reason: string): SocketFailure {
  return { reason, local: false };
}
