// Says why a connection failed, for log lines and bounces, and whether this machine caused it.

export interface SocketFailure {
  /** One line. */
  readonly reason: string;
  /** This machine could not even begin to connect, so nothing is known about the destination. */
  readonly local: boolean;
}

/** @param source - our own address that the connection was to be made from; empty: the system chose */
export function socketFailure(error: NodeJS.ErrnoException, source: string): SocketFailure {
  if (error.syscall === 'bind') return ofSource(source, bindFailure(error));
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

function ofDestination(reason: string): SocketFailure {
  return { reason, local: false };
}
