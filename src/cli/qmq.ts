// `sluice qmq`: many queues from a list of lines ID:NAME[:IP], as with QMQ of s/qmail: their fragments of the configuration and their folders.
// Promises: nothing that runs is touched, and no file that somebody has changed; a queue with mail is not removed.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import type { Config } from '../config/config.ts';
import { readToml } from '../config/read/toml.ts';
import { systemReason } from '../config/read/config-error.ts';
import { makeFolder } from '../io/make-folder.ts';
import { removeFile } from '../io/remove-file.ts';
import { inspectSpool } from '../spool/open.ts';
import { configOption, readConfig } from './config-file.ts';
import { confirm } from './confirm.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { fragmentText } from './qmq/fragment.ts';
import { tableOf } from './qmq/qmq-table.ts';
import { lifetimeQuestion, lifetimeText, type LifetimeUnit, lifetimeUnits } from './qmq/lifetime.ts';
import { isInUse, setState } from './qmq/running-queue.ts';
import { type QmqPlace, qmqPlace, type QmqState, statesOf } from './qmq/qmq-place.ts';
import { printText } from './terminal-text.ts';

interface QmqOptions {
  readonly config?: string;
  readonly file?: string;
  readonly folder?: string;
  readonly lifetimeUnit?: LifetimeUnit;
}

export function register(program: Command): void {
  const qmq = withOptions(
    program
      .command('qmq')
      .description(
        'many queues from a list of lines ID:NAME[:IP], as with QMQ of s/qmail; without a command: the plan',
      ),
  ).action((options: QmqOptions) => plan(options));
  const actions = [
    ['build', 'make the folders and the fragments of the configuration that are missing', build],
    [
      'conf',
      'make fragments again whose line in the list has changed, but none that was changed by hand',
      conf,
    ],
    ['all', 'build and conf, and check the whole configuration', all],
    ['list', 'show the queues of the list, and what there is of them', list],
  ] as const;
  for (const [name, description, act] of actions)
    withOptions(qmq.command(name).description(description)).action((_: QmqOptions, command: Command) =>
      act(command.optsWithGlobals<QmqOptions>()),
    );
  for (const action of ['start', 'stop'] as const)
    withOptions(qmq.command(action).description(`${action} queues of the running Sluice`))
      .argument('<names...>', 'names of queues, or their IDs')
      .action((names: string[], _: QmqOptions, command: Command) =>
        change(action, names, command.optsWithGlobals<QmqOptions>()),
      );
  withOptions(
    qmq.command('purge').description('remove the fragment and the folder of queues that have no mail'),
  )
    .argument('<names...>', 'names of queues, or their IDs')
    .option('--yes', 'do not ask')
    .action((names: string[], _: QmqOptions, command: Command) =>
      purge(names, command.optsWithGlobals<QmqOptions & { readonly yes?: boolean }>()),
    );
}

function withOptions(command: Command): Command {
  return command
    .addOption(configOption())
    .option('--file <file>', 'the list, or a conf-qmq (default: qmq.conf beside the configuration)')
    .option('--folder <folder>', 'where the stores are kept (default: queues, beside the folder of spool)')
    .addOption(
      new Option('--lifetime-unit <unit>', 'what a lifetime without a unit is in').choices([
        ...lifetimeUnits,
      ]),
    );
}

async function plan(options: QmqOptions): Promise<void> {
  const place = qmqPlace(options.file, options.config);
  const states = statesOf(place);
  const missing = states.filter(({ fragment }) => fragment === 'none');
  const steps = [
    ...(missing.length > 0 ? ['"sluice qmq all" makes what is missing, and checks the configuration.'] : []),
    '"sluice reload" or a restart puts it in force: new queues are stopped.',
    ...states
      .filter(({ fragment }) => fragment !== 'changed')
      .slice(0, 3)
      .map(({ instance: { name } }) => `"sluice qmq start ${name}" starts ${name}.`),
    'Say with [[assignment]] whose mail each queue gets, where its fragment does not.',
  ];
  printText(
    `${tableOf(place, states)}\n${steps.map((step, index) => `${index + 1}. ${step}\n`).join('')}${place.list.unused.map((each) => `note: ${each}.\n`).join('')}`,
  );
}

async function list(options: QmqOptions): Promise<void> {
  const place = qmqPlace(options.file, options.config);
  printText(tableOf(place, statesOf(place)));
}

async function build(options: QmqOptions): Promise<void> {
  const place = qmqPlace(options.file, options.config);
  await write(place, options, ({ fragment }) => fragment === 'none');
}

async function conf(options: QmqOptions): Promise<void> {
  const place = qmqPlace(options.file, options.config);
  await write(place, options, ({ fragment }) => fragment === 'made');
}

async function all(options: QmqOptions): Promise<void> {
  const place = qmqPlace(options.file, options.config);
  await write(place, options, ({ fragment }) => fragment !== 'changed');
  printText(
    'The whole configuration is right. "sluice reload" or a restart puts it in force; new queues are stopped.\n',
  );
}

/** Writes fragments; when the configuration is not right with them, they are as before. */
async function write(
  place: QmqPlace,
  options: QmqOptions,
  isMeant: (state: QmqState) => boolean,
): Promise<void> {
  const states = statesOf(place);
  const lifetime = await lifetimeOf(place, options);
  const { config, list: read, fragments } = place;
  if (read.basePort !== undefined && !hasListeners(config))
    throw new CommandError(
      exitCodes.config,
      'QMQ_LISTEN',
      'The list has a port for listeners of its own, and the configuration has no [[listen]]: with those of the queues, the usual one would be gone.',
      'Write the listener that you have into the configuration, such as [[listen]] address = "0.0.0.0:25", and try again.',
    );
  if (read.instances.some(({ ip }) => ip !== undefined) && config.queue.source === undefined)
    throw new CommandError(
      exitCodes.config,
      'QMQ_SOURCE',
      'The list gives addresses to queues, and [queue] has no source: mail of the default queue would go out from these addresses, too.',
      'Write a [[source]] with the address that you use now, and source = ["ADDRESS"] in [queue], and try again.',
    );
  const written = new Map<string, string | undefined>();
  const sources = new Set(config.source.map(({ address }) => String(address)));
  try {
    makeFolder(fragments);
    if (options.folder !== undefined) makeFolder(options.folder, 0o755);
    for (const { instance, path } of states.filter(isMeant)) {
      const before = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
      // One that this fragment itself has named stays in it.
      const hasSource = (ip: string): boolean =>
        sources.has(ip) && before?.includes(`address = "${ip}"`) !== true;
      const { concurrency, basePort } = read;
      const text = fragmentText(instance, {
        concurrency,
        lifetime,
        basePort,
        folder: options.folder,
        hasSource,
      });
      if (instance.ip !== undefined) sources.add(instance.ip);
      if (text === before) continue;
      written.set(path, before);
      writeFileSync(path, text, { mode: 0o644 });
    }
    // The whole configuration, with what was written.
    readConfig(options.config);
  } catch (error) {
    for (const [path, before] of written) {
      if (before === undefined) removeFile(path);
      else writeFileSync(path, before);
    }
    if (error instanceof Error && 'syscall' in error)
      throw new CommandError(
        exitCodes.noPermission,
        'QMQ_WRITE',
        `Writing the fragments in ${fragments}: ${systemReason(error)}. Nothing was changed.`,
        'Run it as a user who may write there.',
      );
    throw error;
  }
  for (const [path, before] of written) printText(`${before === undefined ? 'made' : 'changed'} ${path}\n`);
  for (const { path } of states.filter(({ fragment }) => fragment === 'changed'))
    printText(`left alone, since it was changed by hand: ${path}\n`);
  if (written.size === 0) printText('Nothing had to be written.\n');
}

async function lifetimeOf(
  { list: { lifetime } }: QmqPlace,
  { lifetimeUnit }: QmqOptions,
): Promise<string | undefined> {
  if (lifetime === undefined) return undefined;
  const text = lifetimeText(lifetime, lifetimeUnit);
  if (text !== undefined) return text;
  const question = lifetimeQuestion(lifetime);
  if (process.stdin.isTTY) return (await confirm(`${question}. Minutes?`)) ? `${lifetime}m` : `${lifetime}s`;
  throw new CommandError(
    exitCodes.usage,
    'QMQ_LIFETIME',
    `The lifetime ${lifetime} has no unit: ${question}.`,
    'Give --lifetime-unit seconds or --lifetime-unit minutes, or write a unit into the list, such as LIFETIME=24h.',
  );
}

async function change(
  action: 'start' | 'stop',
  names: readonly string[],
  options: QmqOptions,
): Promise<void> {
  for (const { instance } of chosen(names, options)) {
    const { name } = instance;
    const notDone = await setState(options.config, name, action);
    const done = `The queue ${name} is ${action === 'start' ? 'started' : 'stopped'}.`;
    printText(`${notDone.length === 0 ? done : notDone.join('\n')}\n`);
    if (notDone.length > 0) process.exitCode = exitCodes.failed;
  }
}

async function purge(
  names: readonly string[],
  options: QmqOptions & { readonly yes?: boolean },
): Promise<void> {
  for (const state of chosen(names, options)) {
    const { name } = state.instance;
    if (await isInUse(options.config, name))
      throw new CommandError(
        exitCodes.failed,
        'QMQ_IN_USE',
        `The running Sluice uses the queue ${name}: nothing of it was removed.`,
        `Stop it with "sluice qmq stop ${name}", and try again.`,
      );
    await purgeOne(state, options.yes === true);
  }
}

/** All of them, before anything is done. */
function chosen(names: readonly string[], options: QmqOptions): readonly QmqState[] {
  const place = qmqPlace(options.file, options.config);
  const states = statesOf(place);
  return names.map((named) => {
    const state = states.find(({ instance: { id, name } }) => name === named || id === named);
    if (state !== undefined) return state;
    throw new CommandError(
      exitCodes.usage,
      'QMQ_UNKNOWN',
      `There is no queue ${JSON.stringify(named)} in ${place.file}.`,
      '"sluice qmq list" shows all.',
    );
  });
}

async function purgeOne(
  { instance: { name }, path, store, hasStore }: QmqState,
  isSure: boolean,
): Promise<void> {
  // That of a queue that was never started is empty.
  if (store !== undefined && hasStore && readdirSync(store).length > 0) {
    for await (const finding of inspectSpool(store)) {
      if (finding.kind !== 'message' || finding.message.waiting.length === 0) continue;
      throw new CommandError(
        exitCodes.failed,
        'QMQ_HAS_MAIL',
        `The queue ${name} has mail, in ${store}: nothing of it was removed.`,
        `Start the queue, move it with "sluice queue move --queue ${name} --to default", stop the queue, and try again.`,
      );
    }
  }
  const what = [path, ...(store !== undefined && hasStore ? [store] : [])].filter((each) => existsSync(each));
  if (what.length === 0) return printText(`Nothing is there of ${name}.\n`);
  const question = `Remove ${what.join(' and ')}? Sluice must not use the queue any more.`;
  if (!isSure && !(process.stdin.isTTY && (await confirm(question))))
    throw new CommandError(
      exitCodes.usage,
      'QMQ_NOT_SURE',
      'Nothing was removed.',
      'Give --yes to remove them without a question.',
    );
  for (const each of what) await rm(each, { recursive: true, force: true });
  printText(
    `Removed ${what.join(' and ')}. Take its line out of the list, or "sluice qmq build" makes it again.\n`,
  );
}

/** Does a file that is not ours name a listener? Without any, there is one that the first [[listen]] takes the place of. */
function hasListeners({ file, fragments }: Pick<Config, 'file' | 'fragments'>): boolean {
  const others = fragments.filter((each) => !basename(each).startsWith('qmq-'));
  return [file ?? '', ...others].some(
    (each) => readToml(readFileSync(each, 'utf8'), each).placeOfKey(['listen']) !== undefined,
  );
}
