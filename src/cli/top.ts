// `sluice top`: shows again and again what the running Sluice does.

import { setTimeout as wait } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type SiteOrder, siteOrders, type Status } from '../control/operations/status.ts';
import { askNumbers } from '../control/status-client.ts';
import { configOption, readPlaces } from './config-file.ts';
import { ControlError } from '../control/control-error.ts';
import { LiveScreen } from './live-screen.ts';
import { positiveDuration } from './override-options.ts';
import { headAndFootLines, snapshotOf, topLines } from './top-view.ts';
import { untilReachable } from './until-reachable.ts';

interface Options {
  readonly config?: string;
  readonly interval: number;
  readonly by: SiteOrder;
  readonly count?: number;
  readonly json?: boolean;
}

/** Sites shown where the output is no terminal. */
const usualSites = 20;
/** A timer cannot wait for more than 24 days, and fires at once instead. */
const mostIntervalMs = 86_400_000;
const keysText = 'q quits; c, w, n sort by connections, waiting, name';

export function register(program: Command): void {
  program
    .command('top')
    .description(
      'watch rates, the queue, and the sites that are busiest or wait most, with what they wait for',
    )
    .addOption(configOption())
    .addOption(
      new Option('--interval <time>', 'time between two updates').argParser(interval).default(2_000, '2s'),
    )
    .addOption(
      new Option(
        '--by <order>',
        'which sites come first: with most connections, with most mail ready to go, or by name',
      )
        .choices(siteOrders)
        .default('connections'),
    )
    .option('--count <updates>', 'end after this many updates', positive)
    .option('--json', 'print JSON for programs, one object each interval')
    .action(top);
}

async function top(options: Options): Promise<void> {
  const config = readPlaces(options.config);
  const ask = (order: SiteOrder, sites: number) =>
    untilReachable(config, () => askNumbers(config, { sites, order }));
  if (options.json !== true && process.stdout.isTTY && process.stdin.isTTY) await watch(options, ask);
  else await print(options, ask);
}

type Ask = (order: SiteOrder, sites: number) => Promise<Status>;

/** Each update shows the rates of the interval before it. */
async function print({ interval, by, count, json }: Options, ask: Ask): Promise<void> {
  const updates = count ?? (json === true ? Infinity : 1);
  let before = await ask(by, usualSites);
  for (let shown = 0; shown < updates; shown++) {
    await wait(interval);
    const status = await ask(by, usualSites);
    const snapshot = snapshotOf(status, before);
    const text =
      json === true
        ? JSON.stringify(snapshot)
        : topLines({ snapshot, status, order: by, intervalMs: interval }).join('\n');
    process.stdout.write(`${text}\n`);
    before = status;
  }
}

async function watch({ interval, by, count = Infinity }: Options, ask: Ask): Promise<void> {
  let order = by;
  let before = await ask(order, usualSites); // an error is printed before the screen is taken
  const ended = new AbortController();
  let woken = new AbortController();
  const screen = new LiveScreen(process.stdout, process.stdin, (key) => {
    if (key === 'q' || key === '\u0003') ended.abort();
    const chosen = siteOrders.find((each) => each.startsWith(key));
    if (chosen !== undefined) order = chosen;
    woken.abort();
  });
  const stop = () => {
    ended.abort();
    woken.abort();
  };
  process.once('SIGTERM', stop);
  process.once('SIGHUP', stop);
  try {
    for (let shown = 0; shown < count && !ended.signal.aborted; shown++) {
      screen.draw(await currentLines());
      woken = new AbortController();
      if (ended.signal.aborted) break;
      await wait(interval, undefined, { signal: woken.signal }).catch(() => undefined);
    }
  } finally {
    screen.close();
  }

  async function currentLines(): Promise<string[]> {
    const sites = Math.max(1, screen.rows - headAndFootLines(before));
    try {
      const status = await ask(order, sites);
      const lines = topLines({ snapshot: snapshotOf(status, before), status, order, intervalMs: interval });
      // After a pressed key the time since the last update is too short for rates: keep the older status to compare with.
      if (status.nowMs - before.nowMs >= interval / 2 || status.startedAtMs !== before.startedAtMs)
        before = status;
      return [...lines, '', keysText];
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      return [`${error.code}: ${error.message}`, `  ${error.advice}`, '', keysText];
    }
  }
}

function interval(text: string): number {
  const ms = positiveDuration(text);
  if (ms <= mostIntervalMs) return ms;
  throw new InvalidArgumentError('It may be 1d at most.');
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(text);
}
