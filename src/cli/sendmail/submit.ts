// Hands one message to the running Sluice over SMTP (RFC 5321): the socket around a client session, in as many
// transactions as its recipients need.

import { connect } from 'node:net';

import {
  ClientSession,
  type ClientTransaction,
  type RecipientOutcome,
} from '../../protocol/smtp/client/client-session.ts';
import { DotStuffer } from '../../protocol/smtp/client/dot-stuffer.ts';
import { replyText } from '../../protocol/smtp/client/error-text.ts';
import { notRunning } from './not-running.ts';
import { Portions } from './portions.ts';

/** RFC 5321 4.5.3.2 has 10 minutes for the reply to the content, and less for all others. */
const timeoutMs = 600_000;

/**
 * Hands the message in.
 * @param atMost - recipients for one transaction
 * @returns One outcome for each recipient of the transaction.
 * @throws {CommandError} EX_TEMPFAIL when Sluice cannot be reached or does not take mail now.
 */
export function submit(
  submissionSocket: string,
  heloName: string,
  transaction: ClientTransaction,
  content: readonly Uint8Array[],
  atMost: number,
): Promise<readonly RecipientOutcome[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly RecipientOutcome[]>();
  const session = new ClientSession({ heloName });
  const socket = connect(submissionSocket);
  const portions = new Portions(transaction.recipients.length, atMost);
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
  const begin = (): void => {
    const recipients = portions.next().flatMap((index) => transaction.recipients[index] ?? []);
    if (recipients.length > 0) {
      session.begin({ ...transaction, recipients });
      return;
    }
    resolve(portions.finish(''));
    session.quit();
    // The answer to QUIT changes nothing any more.
    socket.unref();
  };
  const pump = (): void => {
    for (let event = session.next(); event !== undefined; event = session.next()) {
      if (event.kind === 'ready') {
        begin();
      } else if (event.kind === 'content') {
        sendContent();
      } else if (event.kind === 'done') {
        portions.settle(event.outcomes);
      } else if (event.kind === 'failed') {
        reject(
          notRunning(submissionSocket, event.reply === undefined ? event.error : replyText(event.reply)),
        );
      } else {
        flush();
        socket.end();
        // After an end in order there is nobody left; after any other the rest was not handed in.
        resolve(
          portions.finish('Sluice closed the connection before it had taken the message for everybody'),
        );
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
