// `sluice limits`: every limit, where it was set, and what is used of it now.

import type { Command } from 'commander';
import { configOption, readPlaces } from './config-file.ts';
import { type LimitsView, limitsOf, limitsText } from './limits-text.ts';
import { printText } from './terminal-text.ts';
import { ask } from './until-reachable.ts';

interface Options {
  readonly config?: string;
  readonly all?: boolean;
  readonly domain?: readonly string[];
  readonly json?: boolean;
}

/** Counters that are requested; those that hold mail up come first. */
const usualCounters = 1_000;
const allCounters = 1_000_000;

export function register(program: Command): void {
  program
    .command('limits')
    .description(
      'show each limit: where it was set, for how many keys it is in use, what is full, what waits for it',
    )
    .addOption(configOption())
    .option('--all', 'show every key in use, and limits that are not in use')
    .option('--domain <patterns...>', 'show only limits of these recipient domains; * stands for anything')
    .option('--json', 'print JSON for programs')
    .action(limits);
}

async function limits(options: Options): Promise<void> {
  const config = readPlaces(options.config);
  const all = options.all === true;
  const most = all || options.domain !== undefined ? allCounters : usualCounters;
  const answer = await ask(config, { operation: 'limits', most });
  const view: LimitsView = { all, domains: options.domain ?? [] };
  const chosen = limitsOf(answer, view);
  if (options.json === true) {
    const { limits: found, overrides } = answer;
    process.stdout.write(`${JSON.stringify({ limits: chosen, total: found.total, overrides })}\n`);
  } else printText(limitsText(answer, chosen, view, Date.now()));
}
