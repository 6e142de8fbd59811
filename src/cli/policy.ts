// `sluice policy try`: asks the stages of the running Sluice about a message, without accepting it, and shows what each of them says.

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { mostTrialBytes } from '../control/operations/trial.ts';
import { LineEndings } from '../message/line-endings.ts';
import type { TrialMail, TrialReport } from '../receive/trial/trial-types.ts';
import { configOption, readPlaces } from './config-file.ts';
import { CommandError, type ExitCode, exitCodes } from './exit-codes.ts';
import { clientAddress, recipientAddress, senderAddress } from './mail-options.ts';
import { trialText } from './policy-text.ts';
import { printText } from './terminal-text.ts';
import { ask } from './until-reachable.ts';

interface TryOptions {
  readonly config?: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly client: Client;
  readonly helo?: string;
  readonly user?: string;
  readonly listen?: string;
  readonly tls?: boolean;
  readonly json?: boolean;
}

export function register(program: Command): void {
  const policy = program.command('policy').description('try what the stages would say about mail');
  policy
    .command('try')
    .argument('<file>', 'a message as it would come, with its header; - for standard input')
    .description(
      'run the stages that a message would meet, without accepting it; exits with 0 when it would be accepted',
    )
    .requiredOption('--from <address>', "the envelope sender; '<>' for a bounce", senderAddress)
    .requiredOption('--to <address>', 'a recipient; several times for several', recipientAddress)
    .requiredOption(
      '--client <address>',
      'the IP address of the client, perhaps with its name: 192.0.2.1/mail.example.net; or local, for a program of this host',
      clientWithName,
    )
    .option('--helo <name>', 'what the client says in EHLO (default: its name or address)')
    .option('--user <name>', 'as if this user of the directory had logged in')
    .option('--listen <address>', 'the listener, as in [[listen]] (default: the first one)')
    .option('--tls', 'the client begins TLS')
    .option('--json', 'print JSON for programs')
    .addOption(configOption())
    .action(tryMail);
}

interface Client {
  /** Empty for a program of this host. */
  readonly address: string;
  /** Empty: it is looked up. */
  readonly name: string;
}

/** @throws {InvalidArgumentError} */
function clientWithName(text: string): Client {
  const [address = '', ...names] = text.split('/');
  return { address: clientAddress(address), name: names.join('/') };
}

async function tryMail(file: string, options: TryOptions): Promise<void> {
  const content = readMessage(file);
  const place = readPlaces(options.config);
  const question = {
    operation: 'policy.try' as const,
    mail: mailOf(options),
    content: Buffer.from(content).toString('base64'),
  };
  const report = await ask(place, question);
  if (options.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
  else printText(trialText(report, 'Asked the running Sluice.'));
  process.exitCode = exitCodeFor(report);
}

function mailOf({ from, to, client, helo, user, listen, tls }: TryOptions): TrialMail {
  const { address, name } = client;
  const literal = address.includes(':') ? `[IPv6:${address}]` : `[${address}]`;
  return {
    from,
    to,
    client: address,
    ...(name !== '' && { clientName: name }),
    helo: helo ?? (name !== '' ? name : address === '' ? 'localhost' : literal),
    ...(user !== undefined && { user }),
    ...(listen !== undefined && { listener: listen }),
    tls: tls === true,
  };
}

/** The message with CRLF line ends. */
function readMessage(file: string): Uint8Array {
  let text: Uint8Array;
  try {
    text = readFileSync(file === '-' ? process.stdin.fd : file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(exitCodes.ioError, 'MESSAGE_UNREADABLE', `Reading the message: ${reason}.`);
  }
  const ends = new LineEndings(false);
  const content = Buffer.concat([ends.convert(text), ends.finish()]);
  if (content.length <= mostTrialBytes) return content;
  throw new CommandError(
    exitCodes.dataError,
    'TRIAL_TOO_LARGE',
    `The message has ${content.length} bytes; at most ${mostTrialBytes} can be tried.`,
    'Try it with a shorter body.',
  );
}

/** A reply of 4xx or 5xx; neither where the connection is closed without one. */
function codeOf(reply: string): ExitCode {
  return reply.startsWith('4') ? exitCodes.tempFail : exitCodes.unavailable;
}

export function exitCodeFor({ outcome, refusedRecipients }: TrialReport): ExitCode {
  switch (outcome.kind) {
    case 'accepted':
      return refusedRecipients.length === 0 ? exitCodes.ok : exitCodes.noUser;
    case 'discarded':
      return exitCodes.dataError;
    case 'refused':
      return codeOf(outcome.reply);
  }
}
