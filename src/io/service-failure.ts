// Why a connection to a program that serves this host has failed, in words for the log.

/** @returns a clause about the program: "nobody listens at its address" */
export function serviceFailure({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nobody listens at its address';
    case 'ENOENT':
      return 'there is no socket at its address';
    case 'EACCES':
      return 'its socket may not be used by the user of Sluice';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'it has closed the connection';
    case 'ENOTFOUND':
      return 'the name of its host is not known';
    default:
      return `the connection failed: ${message}`;
  }
}
