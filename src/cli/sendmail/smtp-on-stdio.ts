// sendmail -bs: an SMTP session on standard input and output, carried to the running Sluice as it is.

import { connect } from 'node:net';

import { exitCodes } from '../exit-codes.ts';

/**
 * Carries the session until one side ends it.
 * @returns The exit code; EX_TEMPFAIL, and a greeting that says so (RFC 5321 3.1), when Sluice is not there.
 */
export function smtpOnStdio(submissionSocket: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const socket = connect(submissionSocket);
  let connected = false;
  socket.on('connect', () => {
    connected = true;
    process.stdin.pipe(socket);
    socket.pipe(process.stdout, { end: false });
  });
  socket.on('error', () => {
    if (!connected) process.stdout.write('421 4.3.2 Sluice is not running, try again later\r\n');
    resolve(exitCodes.tempFail);
  });
  socket.on('close', () => {
    process.stdin.unpipe(socket);
    process.stdin.destroy();
    resolve(exitCodes.ok);
  });
  return promise;
}
