// Hands one message to the running Sluice over SMTP (RFC 5321): the socket around a client session, in as many
// transactions as its recipients need.

import { connect } from 'node:net';

import {
  ClientSession,
  type ClientTransaction,
  type RecipientOutcome,
} from '../../protocol/smtp/client/client-session.ts';
import { DotStuffer } from '../../protocol/smtp/client/dot-stuffer.ts';
import { failureText, replyText } from '../../protocol/smtp/client/reply-text.ts';
import { notRunning } from './not-running.ts';
import { Portions } from './portions.ts';

/**
 * The receiver is on this host and greets at once. When it has not greeted within a minute, it hangs or is overloaded.
 * RFC 5321 4.5.3.2.1 allows five minutes, for distant servers that wait until their load permits a session.
 */
const greetingTimeoutMs = 60_000;
/** RFC 5321 4.5.3.2.2 to 4.5.3.2.5: for a reply to a command, and for each piece of the content to be taken. */
const commandTimeoutMs = 300_000;
/** RFC 5321 4.5.3.2.6: for the reply to the content, which may wait for the disk. */
const contentTimeoutMs = 600_000;

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

  // A timer instead of the socket's timeout, which single bytes would restart without completing a reply.
  const timedOut = (): void => {
    session.timedOut();
    pump();
    socket.destroy();
  };
  let timer = setTimeout(timedOut, greetingTimeoutMs);
  const restartTimer = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(timedOut, ms);
  };

  const flush = (): void => {
    const output = session.takeOutput();
    if (output !== undefined) socket.write(output);
  };
  const sendContent = (): void => {
    const stuffer = new DotStuffer();
    flush();
    socket.cork();
    for (const piece of content) for (const view of stuffer.dotStuff(piece)) socket.write(view);
    socket.write(stuffer.endOfData(), () => restartTimer(contentTimeoutMs));
    socket.uncork();
    session.contentSent();
  };
  const begin = (): void => {
    const recipients = portions.next().flatMap((index) => transaction.recipients[index] ?? []);
    if (recipients.length > 0) {
      restartTimer(commandTimeoutMs);
      session.begin({ ...transaction, recipients });
      return;
    }
    clearTimeout(timer);
    resolve(portions.finish(''));
    session.quit();
    // The reply to QUIT changes nothing.
    socket.unref();
  };
  const pump = (): void => {
    for (let event = session.next(); event !== undefined; event = session.next()) {
      if (event.kind === 'ready') {
        begin();
      } else if (event.kind === 'content') {
        restartTimer(commandTimeoutMs);
        sendContent();
      } else if (event.kind === 'done') {
        portions.settle(event.outcomes);
      } else if (event.kind === 'failed') {
        const { failure } = event;
        const reason = failure.kind === 'reply' ? replyText(failure.reply) : failureText(failure);
        reject(notRunning(submissionSocket, reason));
      } else {
        flush();
        socket.end();
        // After an orderly end no recipient is left; after any other, the remaining ones were not handed in.
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
  socket.on('close', () => {
    clearTimeout(timer);
    lost('the connection was closed');
  });
  return promise;
}
