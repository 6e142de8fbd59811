// `sluice suspend`: stops deliveries to a destination, from an address or for a tenant, until a time or `sluice resume`.

import type { Command } from 'commander';
import {
  endText,
  listOverrides,
  type OverrideOptions,
  overridesTable,
  setOverrides,
  targetHelp,
  targetsOf,
  targetText,
  withCommonOptions,
  withEndOptions,
} from './override-options.ts';
import { printText } from './terminal-text.ts';

export function register(program: Command): void {
  withCommonOptions(withEndOptions(program.command('suspend')))
    .argument('[targets...]', targetHelp)
    .description(
      'stop deliveries to targets until they are resumed; their mail waits, which counts as no attempt. Without targets: list what is suspended',
    )
    .action((texts: string[], options: OverrideOptions) =>
      texts.length === 0 ? list(options) : suspend(texts, options),
    );
}

async function list(options: OverrideOptions): Promise<void> {
  const suspended = (await listOverrides(options)).filter((each) => each.kind === 'suspend');
  if (options.json === true) {
    for (const each of suspended) process.stdout.write(`${JSON.stringify(each)}\n`);
    return;
  }
  printText(suspended.length === 0 ? 'Nothing is suspended.\n' : overridesTable(suspended, Date.now()));
}

async function suspend(texts: readonly string[], options: OverrideOptions): Promise<void> {
  const set = await setOverrides(options, { kind: 'suspend', targets: targetsOf(texts) });
  const now = Date.now();
  for (const each of set) {
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(each)}\n`
        : `${targetText(each)} is suspended ${endText(each, now)}.\n`,
    );
  }
}
