// `sluice queue etrn`: asks other servers for the mail that waits there for this one.

import type { Command } from 'commander';
import type { EtrnServerAnswer } from '../control/operations/etrn.ts';
import { configOption, readPlaces } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { printText } from './terminal-text.ts';
import { ask } from './until-reachable.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

export function register(queue: Command): void {
  queue
    .command('etrn')
    .argument('[host]', 'the server to ask; without it, all of [[etrn]]')
    .argument(
      '[domains...]',
      'whose mail: "example.org", "@example.org" with all under it, or "#name" of a queue',
    )
    .description('ask other servers, such as a backup MX, for the mail that waits there')
    .addOption(configOption())
    .option('--json', 'print JSON for programs')
    .action(etrn);
}

async function etrn(host: string | undefined, nodes: readonly string[], options: Options): Promise<void> {
  const question = { operation: 'queue.etrn' as const, ...(host !== undefined && { host }), nodes };
  const answers = await ask(readPlaces(options.config), question);
  if (answers.length === 0) throw nobodyToAsk(host);
  if (options.json === true) for (const each of answers) process.stdout.write(`${JSON.stringify(each)}\n`);
  else printText(etrnText(answers));
  if (answers.some(isFailed)) process.exitCode = exitCodes.failed;
}

function isFailed({ reason, replies }: EtrnServerAnswer): boolean {
  return reason !== '' || replies.some(({ code }) => code >= 400);
}

/** What people read of the answers. */
export function etrnText(answers: readonly EtrnServerAnswer[]): string {
  const lines = answers.flatMap(({ server, reason, replies }) =>
    reason === ''
      ? replies.map(({ node, text }) => `${server}  ${node}  ${text}`)
      : [`${server}  could not be asked: ${reason}`],
  );
  return `${lines.join('\n')}\n`;
}

function nobodyToAsk(host: string | undefined): CommandError {
  return host === undefined
    ? new CommandError(
        exitCodes.failed,
        'ETRN_NOBODY',
        'No server is configured that could be asked.',
        'Write an [[etrn]] with relay and ask, or name a server and a domain: sluice queue etrn mx2.example.org example.org',
      )
    : new CommandError(
        exitCodes.failed,
        'ETRN_NOBODY',
        `No [[etrn]] has ${host}, so it is not known whose mail to ask for.`,
        `Name the domain, too: sluice queue etrn ${host} example.org`,
      );
}
