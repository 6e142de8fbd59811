// `sluice autoreply`: automatic answers to mail for users of Sluice's own directory (RFC 3834). What it changes is in force some seconds later.

import type { Command } from 'commander';
import { existing } from '../directory/edit/changes.ts';
import { setAutoreply } from '../directory/edit/change-mail.ts';
import type { UserRecord } from '../directory/record.ts';
import { isAnswering, spanOf } from '../directory/autoreply-dates.ts';
import type { Autoreply } from '../values/autoreply.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { type DirectoryOptions, directoryOptions, ownDirectory } from './own-directory.ts';

interface SetOptions extends DirectoryOptions {
  readonly text?: string;
  readonly subject?: string;
  readonly from?: string;
  readonly until?: string;
  readonly days?: string;
}

/** A text is short: it is in one line of the directory. */
const mostBytes = 16_384;

export function register(program: Command): void {
  const autoreply = program
    .command('autoreply')
    .description("automatic answers to mail for users of Sluice's own directory");
  const commands = [
    autoreply
      .command('set')
      .description('answer mail for a user; the text is read from standard input, unless --text gives it')
      .argument('<address>', 'an address or alias of the user')
      .option('--text <text>', 'the text')
      .option('--subject <subject>', 'the subject (default: "Auto: " and that of the mail)')
      .option('--from <date>', 'from this day on, such as 2026-12-24 or 2026-12-24T18:00')
      .option('--until <date>', 'to the end of this day, or to this minute')
      .option('--days <number>', 'each sender gets one answer in so many days (default: 7)')
      .action(set),
    autoreply
      .command('show')
      .description('print the automatic answer of a user; exits with 1 when there is none')
      .argument('<address>', 'an address or alias')
      .option('--json', 'print JSON')
      .action(show),
    autoreply
      .command('remove')
      .description('answer mail for a user no more')
      .argument('<address>', 'an address or alias of the user')
      .action(remove),
  ];
  for (const command of commands) for (const option of directoryOptions()) command.addOption(option);
}

async function set(address: string, options: SetOptions): Promise<void> {
  const { subject, from, until, days } = options;
  for (const date of [from, until])
    if (date !== undefined && spanOf(date) === undefined)
      throw usage(
        `${JSON.stringify(date)} is no date.`,
        'Write one such as 2026-12-24, or 2026-12-24T18:00.',
      );
  const [begins, ends] = [from, until].map((date) => (date === undefined ? undefined : spanOf(date)));
  if (begins !== undefined && ends !== undefined && ends.endMs <= begins.startMs)
    throw usage(`The answer would end (${until ?? ''}) before it begins (${from ?? ''}).`);
  if (days !== undefined && !/^[1-9]\d?$/u.test(days))
    throw usage(`${JSON.stringify(days)} is no number of days.`, 'Write one from 1 to 60.');
  const directory = ownDirectory(options);
  await directory.read((records) => existing(records, address));
  const text = (options.text ?? (await standardInput())).trimEnd();
  if (text === '') throw usage('There is no text.', 'Write it with --text, or on standard input.');
  const autoreply: Autoreply = {
    text,
    ...(subject !== undefined && { subject }),
    ...(from !== undefined && { from }),
    ...(until !== undefined && { until }),
    ...(days !== undefined && { days: Number(days) }),
  };
  const user = await directory.edit((records) => setAutoreply(records, address, autoreply));
  const isNow = isAnswering(autoreply, Date.now());
  process.stderr.write(`Mail for ${user.user} ${isNow ? 'is' : 'will be'} answered${spanText(autoreply)}.\n`);
}

async function show(address: string, options: DirectoryOptions & { readonly json?: boolean }): Promise<void> {
  const user = await ownDirectory(options).read((records) => existing(records, address));
  if (user.autoreply === undefined) {
    process.stderr.write(`Mail for ${user.user} is not answered.\n`);
    process.exitCode = exitCodes.failed;
    return;
  }
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ user: user.user, ...user.autoreply })}\n`);
  else process.stdout.write(textOf(user, user.autoreply));
}

async function remove(address: string, options: DirectoryOptions): Promise<void> {
  const user = await ownDirectory(options).edit((records) => setAutoreply(records, address, undefined));
  process.stderr.write(`Mail for ${user.user} is answered no more.\n`);
}

function textOf({ user }: UserRecord, autoreply: Autoreply): string {
  const state = isAnswering(autoreply, Date.now()) ? '' : ' (not now)';
  const subject = autoreply.subject === undefined ? '' : `Subject: ${autoreply.subject}\n`;
  return `Mail for ${user} is answered${spanText(autoreply)}${state}:\n${subject}\n${autoreply.text}\n`;
}

function spanText({ from, until, days = 7 }: Autoreply): string {
  const span = [
    ...(from === undefined ? [] : [` from ${from}`]),
    ...(until === undefined ? [] : [` until ${until}`]),
  ];
  return `${span.join('')}, each sender once in ${days} ${days === 1 ? 'day' : 'days'}`;
}

async function standardInput(): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > mostBytes) throw usage('The text is too long.', 'Write at most 4,000 characters.');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function usage(problem: string, advice?: string): CommandError {
  return new CommandError(exitCodes.usage, 'DIRECTORY_RECORD', problem, advice);
}
