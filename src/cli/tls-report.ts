// `sluice tls report`: what TLS came to with the hosts of a domain on one day, as a TLS report (RFC 8460 4.4).

import type { Command } from 'commander';
import { configOption, readPlaces } from './config-file.ts';
import { domainArgument } from './domain-argument.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { ask } from './until-reachable.ts';

interface Options {
  readonly config?: string;
  readonly day?: string;
}

/** Adds the command below `sluice tls`. */
export function registerReport(tls: Command): void {
  tls
    .command('report')
    .description(
      'write what TLS came to with the hosts of a recipient domain on one day, as a TLS report (JSON)',
    )
    .argument('<domain>', 'a recipient domain, or the base domain of TLSA records')
    .addOption(configOption())
    .option(
      '--day <date>',
      'the UTC day, such as 2026-11-29; today if none is given, and two days before at most',
    )
    .action(report);
}

async function report(text: string, _: Options, command: Command): Promise<void> {
  // Commander gives --config to the command above, which has it, too.
  const { config, day } = command.optsWithGlobals<Options>();
  const domain = domainArgument(text);
  if (day !== undefined && !isDay(day)) {
    throw new CommandError(
      exitCodes.usage,
      'VALUE_INVALID',
      `"${day}" is not a day.`,
      'Write it as 2026-11-29.',
    );
  }
  const found = await ask(readPlaces(config), { operation: 'tls.report', domain, day });
  if (found === null) {
    throw new CommandError(
      exitCodes.failed,
      'TLS_REPORT_EMPTY',
      `Sluice has counted no session with the MX hosts of ${domain} on ${day ?? 'this day (UTC)'}.`,
      'Counts are kept for today and the two days before it.',
    );
  }
  process.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`);
}

function isDay(text: string): boolean {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  // The 31st of a month with 30 days is taken for the day after.
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}
