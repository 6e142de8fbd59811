// `sluice plugin bench` measures what a plugin costs: it runs in a thread of its own, as in the server, and is asked as sessions ask it.

import { existsSync, mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { PluginHost } from '../plugin/host/plugin-host.ts';
import { pluginPoints } from '../plugin/points.ts';
import type { PluginPoint } from '../plugin/types.ts';
import { closest } from '../values/closest.ts';
import { formatDuration } from '../values/duration.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import {
  measurePoint,
  type Measured,
  openForBench,
  setupMs,
  silentMs,
  Unanswered,
} from './plugin/measure-point.ts';
import { positiveDuration } from './override-options.ts';
import { readOptionsText } from './plugin/options-text.ts';
import { table } from './text-table.ts';

interface Options {
  readonly point?: PluginPoint;
  readonly seconds: number;
  readonly atOnce: number;
  readonly options?: Readonly<Record<string, unknown>>;
  /** In ms. */
  readonly timeLimit: number;
  readonly json?: boolean;
}

export function registerBench(plugin: Command): void {
  plugin
    .command('bench')
    .description(
      'measure how many answers a second a plugin gives, and what each costs, in a thread of its own; exits with 1 when answers fail',
    )
    .argument('<file>', 'the plugin')
    .option('--point <point>', 'measure this point alone (default: each that it has)', pointOf)
    .option('--seconds <count>', 'how long each point is measured', numberUpTo(3600), 3)
    .option('--at-once <count>', 'how many sessions ask at the same time', numberUpTo(10_000), 50)
    .option('--time-limit <duration>', 'how long an answer may take (default: 10s)', positiveDuration, 10_000)
    .option('--options <json>', 'the options of the plugin, such as \'{"wait": "5m"}\'', readOptionsText)
    .option('--json', 'print one line of JSON for each point')
    .action(bench);
}

function pointOf(text: string): PluginPoint {
  const found = pluginPoints.find((point) => point === text);
  if (found !== undefined) return found;
  const near = closest(text, pluginPoints);
  throw new InvalidArgumentError(
    near === undefined ? `Points are ${pluginPoints.join(', ')}.` : `Did you mean ${near}?`,
  );
}

function numberUpTo(most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d+$/u.test(text) && count >= 1 && count <= most) return count;
    throw new InvalidArgumentError(`Write a number from 1 to ${most}.`);
  };
}

async function bench(file: string, given: Options): Promise<void> {
  const { point, seconds, atOnce, options = {}, timeLimit, json } = given;
  const path = resolve(file);
  if (!existsSync(path))
    throw new CommandError(exitCodes.failed, 'PLUGIN_FILE', `${file} does not exist.`, 'Name a plugin.');
  using folder = mkdtempDisposableSync(join(tmpdir(), 'sluice-plugin-'));
  const host = openForBench({ file: path, options, folder: folder.path, atOnce, timeLimitMs: timeLimit });
  try {
    const points = await pointsOf(host, file, point);
    const rows: Measured[] = [];
    for (const each of points) {
      const measured = await measure(host, file, each, given);
      rows.push(measured);
      if (measured.failures > 0) process.exitCode = exitCodes.failed;
      if (json === true) process.stdout.write(`${JSON.stringify(measured)}\n`);
    }
    if (json !== true) print(basename(file), rows, seconds, atOnce);
  } finally {
    await host.close();
  }
}

async function measure(
  host: PluginHost,
  file: string,
  point: PluginPoint,
  { seconds, atOnce, timeLimit }: Options,
): Promise<Measured> {
  const onSilence = () => sayWaiting(`its first answers at ${point}`, timeLimit);
  return measurePoint(host, point, { seconds, atOnce, timeLimitMs: timeLimit, onSilence }).catch(
    (error: unknown) => {
      if (!(error instanceof Unanswered)) throw error;
      throw new CommandError(
        exitCodes.failed,
        'PLUGIN_UNANSWERED',
        `${file} gives no answer at ${point}: ${error.message}.`,
        'Look for a loop there, or for something that it waits for. --time-limit gives it more time.',
      );
    },
  );
}

/** On standard error, so that the figures stay what programs read. */
function sayWaiting(what: string, limitMs: number): void {
  process.stderr.write(
    `Waiting for ${what}, ${formatDuration(silentMs)} so far; it is given up after ${formatDuration(limitMs)}.\n`,
  );
}

async function pointsOf(
  host: PluginHost,
  file: string,
  wanted: PluginPoint | undefined,
): Promise<readonly PluginPoint[]> {
  const silence = setTimeout(() => sayWaiting('its setup to end', setupMs), silentMs);
  const points = await host.whenKnown().catch((error: Error) => {
    clearTimeout(silence);
    const advice = '"sluice plugin test" says more. Options are given by --options.';
    throw new CommandError(
      exitCodes.failed,
      'PLUGIN_UNUSABLE',
      `${file} cannot be used: ${error.message}.`,
      advice,
    );
  });
  clearTimeout(silence);
  const chosen = [...points].filter((point) => wanted === undefined || point === wanted);
  if (chosen.length > 0) return chosen;
  const has = points.size === 0 ? 'It has no points.' : `It has ${[...points].join(', ')}.`;
  throw new CommandError(exitCodes.failed, 'PLUGIN_POINT', `${file} has no ${wanted ?? 'point'}.`, has);
}

function print(name: string, rows: readonly Measured[], seconds: number, atOnce: number): void {
  process.stdout.write(`${name}: ${atOnce} questions at a time, ${seconds} s for each point\n\n`);
  const cells = rows.map(({ point, perSecond, cpuUs, pluginUs, verdict }) => [
    point,
    Math.round(perSecond).toLocaleString('en'),
    `${cpuUs.toFixed(1)} µs`,
    `${pluginUs.toFixed(1)} µs`,
    verdict,
  ]);
  const head = ['point', 'answers/s', 'CPU each', 'of it in its thread', 'answer'];
  process.stdout.write(table(head, cells));
  for (const { point, failures, fault } of rows) {
    if (failures > 0) process.stdout.write(`\n${failures} answers at ${point} failed: ${fault}\n`);
  }
}
