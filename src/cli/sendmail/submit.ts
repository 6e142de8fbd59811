// Hands one message to the running Sluice over SMTP (RFC 5321): the socket around a client session.

import { connect } from 'node:net';

import {
  ClientSession,
  type ClientTransaction,
  type RecipientOutcome,
} from '../../protocol/smtp/client/client-session.ts';
import { DotStuffer } from '../../protocol/smtp/client/dot-stuffer.ts';
import { replyText } from '../../protocol/smtp/client/error-text.ts';
import { notRunning } from './not-running.ts';

/** RFC 5321 4.5.3.2 has 10 minutes for the reply to the content, and less for all others. */
const timeoutMs = 600_000;

/**
 * Hands the message in.
 * @returns One outcome for each recipient of the transaction.
 * @throws {CommandError} EX_TEMPFAIL when Sluice cannot be reached or does not take mail now.
 */
export function submit(
  submissionSocket: string,
  heloName: string,
  transaction: ClientTransaction,
  content: readonly Uint8Array[],
): Promise<readonly RecipientOutcome[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly RecipientOutcome[]>();
  const session = new ClientSession({ heloName });
  const socket = connect(submissionSocket);
  let connected = false;

  const flush = (): void => {
    const output = session.takeOutput();
    if (output !== undefined) socket.write(output);
  };
  const sendContent = (): void => {
    const stuffer = new DotStuffer();
    flush();
    socket.cork();
    for (const piece of content) for (const view of stuffer.dotStuff(piece)) socket.write(view);
    socket.write(stuffer.endOfData());
    socket.uncork();
    session.contentSent();
  };
  const pump = (): void => {
    for (let event = session.next(); event !== undefined; event = session.next()) {
      if (event.kind === 'ready') {
        session.begin(transaction);
      } else if (event.kind === 'content') {
        sendContent();
      } else if (event.kind === 'done') {
        resolve(event.outcomes);
        session.quit();
        // The answer to QUIT changes nothing any more.
        socket.unref();
      } else if (event.kind === 'failed') {
        reject(
          notRunning(submissionSocket, event.reply === undefined ? event.error : replyText(event.reply)),
        );
      } else {
        flush();
        socket.end();
      }
    }
    flush();
  };
  const lost = (reason: string): void => {
    if (!connected) reject(notRunning(submissionSocket, reason));
    session.disconnected(reason);
    pump();
  };

  socket.setTimeout(timeoutMs, () => {
    session.timedOut();
    pump();
    socket.destroy();
  });
  socket.on('connect', () => {
    connected = true;
  });
  socket.on('data', (chunk: Buffer) => {
    session.receive(chunk);
    pump();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    lost(error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? 'nothing listens there' : error.message);
  });
  socket.on('close', () => lost('the connection was closed'));
  return promise;
}
