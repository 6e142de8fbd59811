// `sluice srs forward` and `sluice srs reverse`: what becomes of a sender, and where mail to an SRS address goes. A running Sluice is not needed.

import type { Command } from 'commander';
import { parseMailbox } from '../address/path.ts';
import { dayOf } from '../srs/srs-day.ts';
import { isSrsAt } from '../srs/srs.ts';
import { configOption, readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { faultText, keptText } from './sender-text.ts';
import { srsOf } from './srs-config.ts';
import { printText } from './terminal-text.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

export function registerAddresses(srs: Command): void {
  srs
    .command('forward')
    .description(
      'print the sender that mail of this sender gets, on a route with srs = true, if it comes today',
    )
    .argument('<address>', 'an envelope sender; <> is the empty one of bounces')
    .addOption(configOption())
    .option('--json', 'print JSON for programs')
    .action(forward);
  srs
    .command('reverse')
    .description('print where mail to an SRS address goes; exits with 65 and says why when it is not taken')
    .argument('<address>', 'an address at the domain of [srs]')
    .addOption(configOption())
    .option('--json', 'print JSON for programs')
    .action(reverse);
}

function forward(text: string, { config: named, json }: Options): void {
  const srs = srsOf(readConfig(named));
  const address = text === '<>' || text === '' ? '' : addressOf(text);
  const forwarded = srs.forward(address, dayOf(Date.now()));
  if (json === true) process.stdout.write(`${JSON.stringify(forwarded)}\n`);
  else if (forwarded.kind === 'rewritten') printText(`${forwarded.address}\n`);
  else printText(`<${address}> stays as it is: ${keptText(forwarded.reason)}\n`);
}

function reverse(text: string, { config: named, json }: Options): void {
  const srs = srsOf(readConfig(named));
  const address = addressOf(text);
  const { domain } = srs.scheme;
  const isHere = isSrsAt(address, domain);
  const reversed = isHere
    ? srs.reverse(address, dayOf(Date.now()))
    : ({ kind: 'invalid', fault: 'not-srs' } as const);
  if (reversed.kind === 'invalid') process.exitCode = exitCodes.dataError;
  if (json === true) {
    process.stdout.write(`${JSON.stringify(reversed)}\n`);
    return;
  }
  if (reversed.kind === 'invalid') {
    process.stderr.write(`${text} is not taken: ${faultText(reversed.fault)}\n`);
    return;
  }
  const { secret, ageDays } = reversed;
  const notes = [
    ...(ageDays === undefined ? ['the server that made it says until when it is valid'] : [ageText(ageDays)]),
    ...(secret === 0 ? [] : [`signed with secret ${secret + 1} of the file, which makes no new addresses`]),
  ];
  printText(`${reversed.address}\n  ${notes.join('; ')}\n`);
}

function addressOf(text: string): string {
  const bare = text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text;
  const mailbox = parseMailbox(bare);
  if (mailbox.kind !== 'invalid') return mailbox.address;
  throw new CommandError(
    exitCodes.usage,
    'ADDRESS_INVALID',
    `${JSON.stringify(text)} is not a mail address.`,
    'Write it as user@example.com, in quotes where the shell would change it.',
  );
}

function ageText(days: number): string {
  if (days <= 0) return 'made today';
  return days === 1 ? 'made yesterday' : `made ${days} days ago`;
}
