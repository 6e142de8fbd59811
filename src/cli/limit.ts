// `sluice limit set` and `unset`: limits that an operator sets by hand, in place of those of the configuration.

import type { Command } from 'commander';
import { formatQuantities } from '../control/override.ts';
import {
  endText,
  type OverrideOptions,
  quantitiesOf,
  setOverrides,
  targetHelp,
  targetsOf,
  targetText,
  unsetOverrides,
  withCommonOptions,
  withEndOptions,
} from './override-options.ts';

export function register(program: Command): void {
  const limit = program
    .command('limit')
    .description('set limits in place of those of the configuration, and remove them again');
  withCommonOptions(withEndOptions(limit.command('set')))
    .argument('<target>', targetHelp)
    .argument(
      '<limits...>',
      'one or more of: connections=5 connection_rate=10/min message_rate=600/min recipient_rate=1000/hour messages_per_connection=20 recipients_per_message=10',
    )
    .description('set limits for a target in place of those of the configuration')
    .action(set);
  withCommonOptions(limit.command('unset'))
    .argument('<targets...>', targetHelp)
    .description('remove limits that were set: those of the configuration apply again')
    .action(unset);
}

async function set(target: string, texts: readonly string[], options: OverrideOptions): Promise<void> {
  const targets = targetsOf([target]);
  const changed = await setOverrides(options, { kind: 'limit', targets, quantities: quantitiesOf(texts) });
  const now = Date.now();
  for (const each of changed) {
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(each)}\n`
        : `${targetText(each)} has ${formatQuantities(each.quantities).join(', ')} ${endText(each, now)}.\n`,
    );
  }
}

async function unset(texts: readonly string[], options: OverrideOptions): Promise<void> {
  const { ended, missing } = await unsetOverrides(options, { kind: 'limit', targets: targetsOf(texts) });
  if (options.json === true) {
    process.stdout.write(
      `${JSON.stringify({ unset: ended, notSet: missing.map(({ target }) => target) })}\n`,
    );
    return;
  }
  for (const each of ended) {
    const what = formatQuantities(each.quantities).join(', ');
    process.stdout.write(`${targetText(each)} no longer has ${what}: the configuration counts again.\n`);
  }
  for (const { target } of missing) process.stdout.write(`No limit is set for ${target}.\n`);
}
