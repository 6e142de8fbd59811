// `sendmail -bs`: an SMTP session on standard input and output, passed on to the running Sluice.

import { connect } from 'node:net';

import { exitCodes } from '../exit-codes.ts';
import { StdioSession } from './stdio-session.ts';

/** As in submit.ts: the receiver on this host greets at once. */
const greetingTimeoutMs = 60_000;
/** RFC 5321 4.5.3.2.6. The receiver ends a session whose client says nothing for less than this. */
const silenceTimeoutMs = 600_000;

/**
 * Passes the session on until one side ends it.
 * @returns The exit code; EX_TEMPFAIL, and a greeting that says so (RFC 5321 3.1), when Sluice is not running.
 */
export function smtpOnStdio(submissionSocket: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const { stdin, stdout } = process;
  const session = new StdioSession();
  const socket = connect(submissionSocket);
  let connected = false;
  let inputEnded = false;

  const timedOut = (): void => {
    stdout.write('421 4.4.2 Sluice does not answer, try again later\r\n');
    resolve(exitCodes.tempFail);
    socket.destroy();
  };
  let timer = setTimeout(timedOut, greetingTimeoutMs);

  const readOrWait = (): void => {
    if (session.isWaiting) stdin.pause();
    else if (inputEnded) socket.end();
    else if (!socket.writableNeedDrain) stdin.resume();
  };
  const send = (bytes: Buffer): void => {
    if (bytes.length > 0 && !socket.write(bytes)) stdin.pause();
    readOrWait();
  };

  socket.on('connect', () => {
    connected = true;
    stdin.on('data', (bytes: Buffer) => send(session.take(bytes)));
    stdin.on('end', () => {
      inputEnded = true;
      readOrWait();
    });
  });
  socket.on('drain', readOrWait);
  socket.on('data', (bytes: Buffer) => {
    clearTimeout(timer);
    timer = setTimeout(timedOut, silenceTimeoutMs);
    const more = session.heard(bytes);
    // If nobody reads what is written next, this process ends at once, with this code.
    process.exitCode = session.exitCode();
    if (!stdout.write(bytes)) {
      socket.pause();
      stdout.once('drain', () => socket.resume());
    }
    send(more);
  });
  socket.on('error', () => {
    clearTimeout(timer);
    if (connected) return;
    stdout.write('421 4.3.2 Sluice is not running, try again later\r\n');
    resolve(exitCodes.tempFail);
  });
  socket.on('close', () => {
    clearTimeout(timer);
    stdin.destroy();
    resolve(session.exitCode());
  });
  return promise;
}
