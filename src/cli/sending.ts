// `sluice sending`: how much of the sending limits is used, and by whom; and forgets what was counted.

import type { Command } from 'commander';
import type { SendingAnswer } from '../control/operations/sending.ts';
import { type SendingKind, sendingKinds } from '../policy/sending/types.ts';
import { configOption, readPlaces } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { operatorName } from './override-options.ts';
import { usesTable } from './sending-text.ts';
import { printText } from './terminal-text.ts';
import { ask } from './until-reachable.ts';

interface SendingOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly all?: boolean;
}

const usualRows = 20;
const allRows = 100_000;

export function register(program: Command): void {
  const sending = program
    .command('sending')
    .description('show how much of the sending limits is used, by whom, and when more is taken')
    .addOption(configOption())
    .option('--all', 'show all of which something is used, and not only those that are used most')
    .option('--json', 'print JSON for programs')
    .action(list);
  sending
    .command('reset')
    .argument(
      '<targets...>',
      'user:joe@example.com, client:192.0.2.1, tenant:NAME or sender_domain:example.com',
    )
    .description('forget what was counted, so that mail is taken again at once')
    .addOption(configOption())
    .action(reset);
}

async function list({ config, json = false, all = false }: SendingOptions): Promise<void> {
  const answer = await ask(readPlaces(config), {
    operation: 'sending.list',
    most: all || json ? allRows : usualRows,
  });
  if (json) process.stdout.write(`${JSON.stringify(answer)}\n`);
  else printText(listText(answer, Date.now()));
}

function listText({ uses, total }: SendingAnswer, nowMs: number): string {
  if (uses.length === 0) return 'Nothing of a sending limit is used.\n';
  const more = total - uses.length;
  return `${usesTable(uses, nowMs)}${more > 0 ? `${more} more: --all shows them\n` : ''}`;
}

async function reset(texts: readonly string[], _: SendingOptions, command: Command): Promise<void> {
  // Options that the command above has, too, would be its own otherwise.
  const { config } = command.optsWithGlobals<SendingOptions>();
  const places = readPlaces(config);
  for (const target of texts.map(targetOf)) {
    const { kind, key } = target;
    const wasUsed = await ask(places, { operation: 'sending.reset', ...target, by: operatorName() });
    const name = `The ${kind.replace('_', ' ')} ${key}`;
    printText(
      wasUsed ? `${name} begins anew.\n` : `${name} has used nothing; "sluice sending" shows who has.\n`,
    );
    if (!wasUsed) process.exitCode = exitCodes.failed;
  }
}

/** A user may be named without `user:`. */
function targetOf(text: string): { readonly kind: SendingKind; readonly key: string } {
  const colon = text.indexOf(':');
  const kind = sendingKinds.find((each) => each === text.slice(0, Math.max(0, colon)));
  if (kind !== undefined && text.length > colon + 1) return { kind, key: text.slice(colon + 1) };
  if (kind === undefined && text.includes('@')) return { kind: 'user', key: text };
  throw new CommandError(
    exitCodes.usage,
    'TARGET_INVALID',
    `Whose count is "${text}"?`,
    'Write user:joe@example.com, client:192.0.2.1, tenant:NAME or sender_domain:example.com, as "sluice sending" shows them.',
  );
}
