// `sluice plugin test` runs the tests of plugins, and asks plugins without tests once at each point. Promises: what it runs has no network, writes
// into the folder for temporary files alone, and ends.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { confined } from '../plugin/trial/confined.ts';
import { formatDuration } from '../values/duration.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { positiveDuration } from './override-options.ts';
import { readOptionsText } from './plugin/options-text.ts';

interface Options {
  readonly options?: Readonly<Record<string, unknown>>;
  /** In ms. */
  readonly timeLimit?: number;
}

/** A test, or a plugin that has none. */
interface Found {
  readonly tests: readonly string[];
  readonly untested: readonly string[];
}

const usualLimitMs = 60_000;

const source = /\.[cm]?[jt]s$/u;
const testSource = /\.test\.[cm]?[jt]s$/u;

export function registerTest(plugin: Command): void {
  plugin
    .command('test')
    .description(
      'run the tests of a plugin, or of all plugins of a folder, without a network; a plugin without a test is asked once at each of its points; exits with 1 when a test fails',
    )
    .argument('<path>', 'a plugin, a test, or a folder')
    .option(
      '--options <json>',
      'the options of a plugin without a test, such as \'{"url": "http://127.0.0.1/"}\'',
      readOptionsText,
    )
    .option(
      '--time-limit <duration>',
      'how long the tests may take, such as 5m (default: 1m)',
      positiveDuration,
    )
    .action(test);
}

async function test(path: string, options: Options): Promise<void> {
  const { tests, untested } = filesOf(resolve(path), path);
  let isWell = tests.length === 0 || (await runs('run-tests', tests, options.timeLimit));
  for (const file of untested) isWell = (await askOnce(file, options)) && isWell;
  if (!isWell) process.exitCode = exitCodes.failed;
}

function filesOf(path: string, shown: string): Found {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new CommandError(
      exitCodes.failed,
      'PLUGIN_FILE',
      `${shown} does not exist.`,
      'Name a plugin, its test, or a folder.',
    );
  }
  if (!found.isDirectory()) return testSource.test(path) ? { tests: [path], untested: [] } : withTest(path);
  const files = readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isFile() && source.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(path, entry.name))
    .toSorted();
  if (files.length === 0) {
    throw new CommandError(
      exitCodes.failed,
      'PLUGIN_FILE',
      `There is no plugin in ${shown}.`,
      'A plugin ends in .ts or .js.',
    );
  }
  const all = files.filter((file) => !testSource.test(file)).map(withTest);
  const tests = new Set([
    ...files.filter((file) => testSource.test(file)),
    ...all.flatMap(({ tests }) => tests),
  ]);
  return { tests: [...tests], untested: all.flatMap(({ untested }) => untested) };
}

/** The test beside a plugin. */
function withTest(plugin: string): Found {
  const test = plugin.replace(source, '.test$&');
  return statSync(test, { throwIfNoEntry: false })?.isFile() === true
    ? { tests: [test], untested: [] }
    : { tests: [], untested: [plugin] };
}

/** Asks a plugin that has no test. */
async function askOnce(file: string, { options = {}, timeLimit }: Options): Promise<boolean> {
  process.stdout.write(`${basename(file)} has no test: it is asked once at each of its points.\n`);
  return runs('ask-once', [file, JSON.stringify(options)], timeLimit);
}

/**
 * Runs a program of ours in a process that may read files, write temporary ones, and nothing else: it can neither connect nor start programs.
 * @returns whether it ended well
 */
async function runs(program: string, args: readonly string[], timeLimitMs = usualLimitMs): Promise<boolean> {
  const command = [...confined(`testing/${program}`, realpathSync(tmpdir())), ...args];
  // Node runs no tests inside of a test; here, a test may have called this command.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'inherit', 'inherit'], env });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeLimitMs);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  if (code === null) process.stderr.write(`It did not end within ${formatDuration(timeLimitMs)}.\n`);
  return code === 0;
}
