// `sluice sendmail`: hands a message from a local program to the running Sluice; takes the usual flags of sendmail.
// Promises: exit code 0 means that the message is safe in the queue; any other, that the caller still has it.

import { isAscii } from 'node:buffer';

import type { Command } from 'commander';

import { defaultConfig } from '../config/config.ts';
import { ConfigError } from '../config/read/config-error.ts';
import { LineEndings } from '../message/line-endings.ts';
import { prepareSubmission } from '../message/submission.ts';
import type { ClientTransaction } from '../protocol/smtp/client/client-session.ts';
import { findPlaces, type FoundPlaces, mistakeText } from './config-file.ts';
import { CommandError, type ExitCode, exitCodes } from './exit-codes.ts';
import { recipientsOf, senderOf } from './sendmail/addresses.ts';
import { parseSendmailFlags, type SendmailCall } from './sendmail/flags.ts';
import { smtpOnStdio } from './sendmail/smtp-on-stdio.ts';
import { submit } from './sendmail/submit.ts';
import { verdict } from './sendmail/verdict.ts';

const help = `Usage: sluice sendmail [flags] [recipient ...] < message

Hands a message to the running Sluice, with the flags of sendmail. It ends with 0 when the message is in the queue.

  -t               send to the addresses in To, Cc and Bcc, and to those named here
  -i, -oi          a line with nothing but a dot does not end the message
  -f, -r ADDRESS   the envelope sender ("<>" for none); default: you
  -F NAME          your full name, for the From of a message that has none
  -N WHEN          reports wanted: never, or some of success,failure,delay
  -R full|hdrs     whether a report returns the message or its header
  -V ID            an envelope id that reports repeat
  -XV, -XVxy       a sender for each recipient (VERP), with the delimiters +=, or x and y
  -bm              take a message (default)
  -bs              speak SMTP on standard input and output
  -v               print the reply of Sluice
  -C, --config FILE  the configuration that says where Sluice listens

Most other flags of sendmail are accepted and ignored. Exit codes are those of sysexits.h: 75 means try again.
`;

/** Adds the command to the help; its flags are read by `runSendmail`. */
export function register(program: Command): void {
  program
    .command('sendmail')
    .usage('[flags] [recipient ...]')
    .description('hand in a message from standard input, with the usual flags of sendmail')
    .helpOption(false);
}

/**
 * Runs the command.
 * @returns The exit code.
 * @throws {CommandError} with a code of sysexits.
 */
export async function runSendmail(args: readonly string[]): Promise<number> {
  const call = parseSendmailFlags(args);
  if (call.mode === 'help') {
    process.stdout.write(help);
    return exitCodes.ok;
  }
  // Until Sluice has the message, any end of this process means "try again", also when nobody reads its standard output.
  process.exitCode = exitCodes.tempFail;
  const found = placesFor(call);
  const { submissionSocket } = found.places;
  if (call.mode === 'smtp') return await smtpOnStdio(submissionSocket);

  // With a mistake in the file, only the receiver knows the limits in force. The defaults are used here, and a message beyond
  // them is a temporary failure.
  const { maxMessageSize, maxRecipients } = (found.kind === 'whole' ? found.config : defaultConfig()).receive;
  const tooLarge = found.kind === 'whole' ? exitCodes.dataError : exitCodes.tempFail;
  const message = await readMessage(maxMessageSize, tooLarge, call.dotsAreContent);
  const { hostname } = found.places;
  const { transaction, content } = compose(call, hostname, message);
  const outcomes = await submit(submissionSocket, hostname, transaction, content, maxRecipients);
  const problem = verdict(
    outcomes,
    transaction.recipients.map((recipient) => recipient.address),
  );
  if (problem !== undefined) throw problem;
  process.exitCode = exitCodes.ok;
  const [first] = outcomes;
  if (call.verbose && first?.result === 'delivered') {
    const { code, enhanced, lines } = first.reply;
    process.stdout.write(
      `${outcomes.length} ${outcomes.length === 1 ? 'recipient' : 'recipients'}: ${code} ${enhanced} ${lines.join(' ')}\n`,
    );
  }
  return exitCodes.ok;
}

/**
 * Finds the running Sluice. A mistake in the configuration must end with EX_TEMPFAIL: after any other code, callers discard
 * the message, and the mistake is not theirs. A mistake elsewhere in the file is printed only with -v, because programs take
 * any text on standard error as a failure.
 */
function placesFor({ config, verbose }: SendmailCall): FoundPlaces {
  try {
    const found = findPlaces(config);
    if (found.kind === 'mistaken' && verbose) process.stderr.write(mistakeText(found.mistake));
    return found;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandError(exitCodes.tempFail, error.code, error.message, error.advice, { cause: error });
  }
}

/** Standard input with the line ends of a message. */
async function readMessage(maxBytes: number, tooLarge: ExitCode, dotsAreContent: boolean): Promise<Buffer> {
  const lines = new LineEndings(!dotsAreContent);
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    const converted = lines.convert(piece);
    size += converted.length;
    if (size > maxBytes) {
      throw new CommandError(
        tooLarge,
        'SENDMAIL_TOO_LARGE',
        `the message is larger than ${maxBytes} bytes; nothing was sent`,
        'The limit is max_message_size in [receive].',
      );
    }
    pieces.push(converted);
    if (lines.ended) break;
  }
  pieces.push(lines.finish());
  return Buffer.concat(pieces);
}

/** The envelope and the message to send. */
function compose(
  call: SendmailCall,
  hostname: string,
  message: Buffer,
): { readonly transaction: ClientTransaction; readonly content: readonly Uint8Array[] } {
  const reversePath = senderOf(call.sender, hostname);
  const submission = prepareSubmission(message, {
    fromAddress: reversePath === '' ? `MAILER-DAEMON@${hostname}` : reversePath,
    fromName: call.fromName ?? process.env['NAME'] ?? '',
    hostname,
    nowMs: Date.now(),
  });
  const { brokenField } = submission;
  if (brokenField !== undefined) {
    throw new CommandError(
      exitCodes.dataError,
      'SENDMAIL_LINE_END',
      `the header field ${brokenField} has a carriage return (CR) in its text; nothing was sent`,
      'Lines end with LF or CR LF. Where text of strangers becomes a header field, take CR and LF out of it.',
    );
  }
  const addresses = recipientsOf(call, submission, hostname);
  const { content } = submission;
  return {
    content,
    transaction: {
      reversePath,
      recipients: addresses.map((address) => ({ address, notify: call.notify })),
      sizeBytes: content.reduce((sum, piece) => sum + piece.length, 0),
      body: content.every((piece) => isAscii(piece)) ? '7BIT' : '8BITMIME',
      smtpUtf8: !isAscii(Buffer.from([reversePath, ...addresses].join(''))),
      ret: call.ret,
      envelopeId: call.envelopeId,
      verp: call.verp,
    },
  };
}
