// Sluice as a real program, with its processes, and with its configuration file and spool in a private directory.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { controlResult } from '../../src/control/control-client.ts';
import type { ControlRequest } from '../../src/control/control-protocol.ts';
import { freePort, until, type Ground, type Program } from './ground.ts';
import { descendants, titleOf } from './process-tree.ts';
import { sluiceBin } from './program-file.ts';

type Value = string | number | boolean | readonly (string | number)[];
type Inner = Readonly<Record<string, Value>>;
/** A table may have tables, which are written in one line: the options of a plugin, the lists of a stage. */
type Table = Readonly<Record<string, Value | Inner | readonly Inner[]>>;
/** A configuration as plain data: tables by name, and lists of tables for `[[listen]]` and `[[route]]`. */
export type SluiceConfig = Readonly<Record<string, Value | Table | readonly Table[]>>;

export interface SluiceOptions {
  /** Tables and keys added to those set here; a table that is set here, too, is replaced key by key. */
  readonly config?: SluiceConfig;
  /** Where configuration and spool go; a folder of the ground unless told, kept from one start to the next. */
  readonly directory?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The command that starts it, for example `['prlimit', '--nofile=400']`. */
  readonly under?: readonly string[];
  /** The Node that starts it; this one unless told. */
  readonly node?: string;
  /** The program that starts it, in place of a Node with bin/sluice.js. */
  readonly starter?: string;
  /** Arguments of that program, before those of Sluice. */
  readonly starterArgs?: readonly string[];
  /** A port to listen on; a free one unless told. */
  readonly port?: number;
  /** How long its start may take, in ms: with a long queue it takes longer than usual. */
  readonly startMs?: number;
}

export interface Sluice {
  readonly port: number;
  readonly program: Program;
  readonly directory: string;
  readonly configFile: string;
  /** The spool's folder. */
  readonly spool: string;
  /** Writes a new configuration file; `reload` or SIGHUP puts it in force. */
  configure(config: SluiceConfig): void;
  /** The lines of its log so far. A line comes later than what it tells of: a test that expects lines waits for them, by `logged` or `until`. */
  events(): SluiceEvent[];
  /** Waits until its log has so many of these lines (one unless told), or more: those with this `event`, or those that the function chooses. */
  logged(which: string | ((line: SluiceEvent) => boolean), count?: number): Promise<SluiceEvent[]>;
  /** Stops it, and gives all lines of its log: only then is it certain that a line is not there. @throws {Error} when it does not end with 0 */
  whole(): Promise<SluiceEvent[]>;
  /** Runs one of Sluice's commands against this instance, for example `cli('queue', 'list')`. */
  cli(...args: string[]): Promise<string>;
  /** Runs a command until what it prints matches, and gives that: troubles, counters and mail come to the manager a moment later than to who caused them. */
  shows(pattern: RegExp, ...args: string[]): Promise<string>;
  /** Sends a request that has one answer to its control socket. */
  ask<Answer>(request: ControlRequest): Promise<Answer>;
  /** The ids of its living processes, the supervisor first. */
  pids(): number[];
  /** The process of a role. @throws {Error} when there is none */
  pidOf(role: string): number;
}

/**
 * SLUICE_PROCESSES=one: Sluice is one process where a test does not say otherwise by a table `processes`. It starts in half of the time; what is
 * told between processes goes over the same channels.
 */
const processes: SluiceConfig =
  process.env['SLUICE_PROCESSES'] === 'one' ? { processes: { single_process: true } } : {};

/** The table `processes` of a test that is about the processes of Sluice. */
export const ownProcesses = { processes: { single_process: false } } as const;

/** One line of its log. */
export type SluiceEvent = Readonly<Record<string, unknown>> & {
  readonly event?: string;
  readonly level: string;
};

export async function startSluice(ground: Ground, options: SluiceOptions = {}): Promise<Sluice> {
  const port = options.port ?? (await freePort());
  const directory = options.directory ?? ground.folder('sluice');
  mkdirSync(directory, { recursive: true });
  const configFile = join(directory, 'sluice.toml');
  const log = join(directory, 'log');
  const own: SluiceConfig = {
    hostname: 'sluice.test',
    spool: join(directory, 'spool'),
    control_socket: join(directory, 'control.sock'),
    log: { format: 'json', file: log },
    listen: [{ address: `127.0.0.1:${port}` }],
  };
  const configure = (config: SluiceConfig): void =>
    writeFileSync(
      configFile,
      toToml(merge(config['processes'] === undefined ? { ...own, ...processes } : own, config)),
    );
  configure(options.config ?? {});
  const env = { ...process.env, ...options.env };
  const command = [
    ...(options.under ?? []),
    ...(options.starter === undefined
      ? [options.node ?? process.execPath, sluiceBin]
      : [options.starter, ...(options.starterArgs ?? [])]),
    'serve',
    '--config',
    configFile,
  ];
  const program = ground.start('sluice', command[0]!, command.slice(1), { env });
  await running(program, options.startMs);
  const events = (): SluiceEvent[] => linesOf(log);
  const cli = (...args: string[]): Promise<string> =>
    ground.run(process.execPath, [sluiceBin, ...args, '--config', configFile]);
  return {
    port,
    program,
    directory,
    configFile,
    spool: join(directory, 'spool'),
    configure,
    events,
    logged: async (which, count = 1) => {
      const isOne = typeof which === 'string' ? ({ event }: SluiceEvent) => event === which : which;
      const found = (): SluiceEvent[] => events().filter(isOne);
      const isThere = (): SluiceEvent[] | false => found().length >= count && found();
      return until(`the log has ${count} lines of ${String(which)}`, isThere).catch((error: unknown) => {
        const last = events().slice(-20);
        throw new Error(
          `${(error as Error).message}\n${last.map((line) => JSON.stringify(line)).join('\n')}`,
        );
      });
    },
    whole: async () => {
      const how = await program.stop('SIGTERM');
      if (how !== 0) throw new Error(`sluice ended with ${how}:\n${program.output}`);
      return events();
    },
    cli,
    shows: async (pattern, ...args) => {
      let last = '';
      const matches = async (): Promise<string | false> => pattern.test((last = await cli(...args))) && last;
      return until(`sluice ${args.join(' ')} shows ${pattern}`, matches).catch((error: unknown) => {
        throw new Error(`${(error as Error).message}\n${last}`);
      });
    },
    ask: <Answer>(request: ControlRequest) =>
      controlResult(join(directory, 'control.sock'), request) as Promise<Answer>,
    pids: () => descendants(program.pid),
    pidOf: (role) => {
      const found = descendants(program.pid).find((pid) => titleOf(pid).endsWith(role));
      if (found === undefined) throw new Error(`no ${role} process`);
      return found;
    },
  };
}

function linesOf(log: string): SluiceEvent[] {
  const lines = readFileSync(log, 'utf8').split('\n');
  // What follows the last line end is a line that is still being written, or nothing.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as SluiceEvent);
}

/** Waits until all of its roles run, which it then prints; fails at once when it has ended. */
async function running(program: Program, startMs?: number): Promise<void> {
  const isRunning = (): boolean => {
    if (!program.isRunning) throw new Error(`sluice ended before it was running:\n${program.output}`);
    return program.output.includes(' is running as ');
  };
  await until('Sluice says that it is running', isRunning, startMs);
}

function merge(own: SluiceConfig, over: SluiceConfig): SluiceConfig {
  const merged: Record<string, SluiceConfig[string]> = { ...own };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isTable(before) && isTable(value) ? { ...before, ...value } : value;
  }
  return merged;
}

function isTable(value: SluiceConfig[string] | undefined): value is Table {
  return typeof value === 'object' && !Array.isArray(value);
}

/** Writes a configuration as TOML, which writes strings, numbers and lists as JSON does. */
function toToml(config: SluiceConfig): string {
  const lines = (table: Table): string =>
    Object.entries(table)
      .map(([key, value]) => `${key} = ${valueText(value)}\n`)
      .join('');
  const top: Record<string, Value> = {};
  let tables = '';
  for (const [key, value] of Object.entries(config)) {
    if (isTable(value)) tables += `\n[${key}]\n${lines(value)}`;
    else if (isTableList(value)) for (const one of value) tables += `\n[[${key}]]\n${lines(one)}`;
    else top[key] = value;
  }
  return lines(top) + tables;
}

function valueText(value: Table[string]): string {
  if (isInnerList(value)) return `[${value.map((one) => valueText(one)).join(', ')}]`;
  if (typeof value !== 'object' || Array.isArray(value)) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${key} = ${JSON.stringify(each)}`)
    .join(', ')} }`;
}

function isInnerList(value: Table[string]): value is readonly Inner[] {
  return Array.isArray(value) && typeof value[0] === 'object';
}

function isTableList(value: Value | readonly Table[]): value is readonly Table[] {
  return Array.isArray(value) && typeof value[0] === 'object';
}
