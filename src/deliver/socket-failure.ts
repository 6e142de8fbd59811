// Why a connection failed, in words for a log line and a bounce.

/** One line about a socket's error. */
export function socketFailure(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ETIMEDOUT':
      return 'connection timed out';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no route to the host';
    case 'ECONNRESET':
      return 'the remote server reset the connection';
    case 'EPIPE':
      return 'the remote server closed the connection';
    default:
      return error.message;
  }
}
