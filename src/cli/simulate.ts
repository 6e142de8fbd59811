// `sluice simulate`: shows what a configuration would do with a workload. It runs the real scheduler on virtual time against
// modelled destinations. Nothing is sent, and a running Sluice is not involved.

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { systemReason } from '../config/read/config-error.ts';
import { parseDuration } from '../values/duration.ts';
import { parseMoment } from '../values/moment.ts';
import { ValueError } from '../values/value-error.ts';
import { Tenants } from '../policy/tenants.ts';
import { routeRules } from '../settings/route-rules.ts';
import { deliverySettings, schedulerConfig } from '../settings/settings.ts';
import { RouteTable } from '../route/route-table.ts';
import type { DestinationModel } from '../simulate/destination-model.ts';
import { generateWorkload, parseWorkloadSpec, type WorkloadSpec } from '../simulate/generate.ts';
import { readDestinations } from '../simulate/read-destinations.ts';
import { WorkloadReader } from '../simulate/read-workload.ts';
import { simulate } from '../simulate/simulate.ts';
import { SimulationError } from '../simulate/simulation-error.ts';
import type { Workload } from '../simulate/workload.ts';
import { configOption, readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { eachLine } from './each-line.ts';
import { simulationText } from './simulation-text.ts';
import { age } from './text-table.ts';
import { printText } from './terminal-text.ts';

interface Options {
  readonly config?: string;
  readonly workload?: string;
  readonly generate?: string;
  readonly destinations?: string;
  readonly seed: string;
  readonly start?: string;
  readonly until?: string;
  readonly by: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('simulate')
    .description('run the scheduler with a configuration against modelled destinations, on virtual time')
    .addOption(configOption())
    .option('--workload <file>', 'file with the mail to send, one JSON object per line; - is standard input')
    .option('--generate <spec>', 'generate the mail instead, e.g. messages=100000,domains=1000,over=10m')
    .option('--destinations <file>', 'TOML file that says how destinations behave (default: all are healthy)')
    .option('--seed <number>', 'seed of all random choices: the same seed repeats the same run', '1')
    .option(
      '--start <date>',
      'when it begins, e.g. 2026-03-28T18:00[Europe/Berlin] (default: 2026-01-01T00:00Z, a Thursday)',
    )
    .option('--until <time>', 'stop at this simulated time, e.g. 6h (default: when no mail is left)')
    .option('--by <what>', 'rows of the table: domain or site', 'domain')
    .option('--all', 'print every row, not only the largest')
    .option('--json', 'print JSON with all rows, for programs')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const config = readConfig(options.config);
  const seed = seedOf(options.seed);
  const untilMs = untilOf(options.until);
  const startMs = startOf(options.start);
  if (options.by !== 'domain' && options.by !== 'site')
    usage(`--by "${options.by}" is neither domain nor site.`, 'Write --by domain or --by site.');
  const destinations = destinationsOf(options.destinations);
  const workload = await workloadOf(options, seed);
  const tenants = new Tenants(config.tenant);
  const report = simulate({
    config: schedulerConfig(config),
    timeouts: timeoutsOf(config),
    routes: new RouteTable(routeRules(config)),
    tenantOf: (sender) => tenants.of('', sender),
    workload,
    destinations,
    depth: deliverySettings(config).pipelineDepth,
    seed,
    startMs,
    untilMs,
    ...(process.stderr.isTTY && { progress: showProgress }),
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  if (options.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
  else printText(simulationText(report, { by: options.by, all: options.all === true }));
}

function timeoutsOf({ deliver }: Config) {
  return {
    connectMs: deliver.timeoutConnect,
    greetingMs: deliver.timeoutGreeting,
    replyMs: deliver.timeoutFinal,
  };
}

async function workloadOf({ generate, workload }: Options, seed: number): Promise<Workload> {
  if (generate !== undefined && workload !== undefined)
    usage('--workload and --generate exclude each other.', 'Give one of them.');
  if (generate !== undefined) return generateWorkload(specificationOf(generate), seed);
  if (workload === undefined)
    usage(
      'It is not given which mail to send.',
      'Give --workload FILE, or --generate messages=100000,domains=1000.',
    );
  const reader = new WorkloadReader(workload === '-' ? 'standard input' : workload);
  try {
    await eachLine(workload === '-' ? process.stdin : workload, (line) => reader.line(line));
  } catch (error) {
    throw isSystemError(error) ? unreadable(workload, error) : error;
  }
  return reader.end();
}

/** A mistake in a specification on the command line is a usage error. */
function specificationOf(text: string): WorkloadSpec {
  try {
    return parseWorkloadSpec(text);
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    return usage(error.message, error.advice);
  }
}

function destinationsOf(file: string | undefined): readonly DestinationModel[] {
  if (file === undefined) return [];
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
  return readDestinations(text, file);
}

function unreadable(file: string, cause: unknown): CommandError {
  const message = `Reading ${file}: ${systemReason(cause)}.`;
  return new CommandError(exitCodes.failed, 'SIMULATION_FILE', message, 'Name a file that exists.', {
    cause,
  });
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(seed))
    usage(`--seed "${text}" is not a whole number.`, 'Write --seed 7, for example.');
  return seed;
}

function untilOf(text: string | undefined): number {
  try {
    return text === undefined ? Infinity : parseDuration(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return usage(`--until: ${error.message}.`, 'Write --until 6h, for example.');
  }
}

function startOf(text: string | undefined): number | undefined {
  try {
    return text === undefined ? undefined : parseMoment(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return usage(`--start: ${error.message}.`, 'Write --start 2026-03-28T18:00[Europe/Berlin], for example.');
  }
}

function usage(message: string, advice: string): never {
  throw new CommandError(exitCodes.usage, 'SIMULATION_USAGE', message, advice);
}

function showProgress(done: number, all: number, nowMs: number): void {
  const part = Math.floor((done / all) * 100);
  process.stderr.write(`\r\x1b[K${part} % of ${all} recipients, ${age(nowMs)} simulated`);
}
