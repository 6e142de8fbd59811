// `sluice divert`: mail that comes in goes to another queue, until a time or until it is ended.

import type { Command } from 'commander';
import {
  conditionNames,
  conditionsText,
  type Diversion,
  type DiversionConditions,
} from '../values/diversion.ts';
import { defaultQueue } from '../values/queue-name.ts';
import { configOption, readPlaces } from './config-file.ts';
import { exitCodes } from './exit-codes.ts';
import { endText, operatorName, withEndOptions } from './override-options.ts';
import { printText } from './terminal-text.ts';
import { age, table } from './text-table.ts';
import { ask } from './until-reachable.ts';

interface DivertOptions {
  readonly config?: string;
  readonly json?: boolean;
}

interface AddOptions extends DivertOptions {
  readonly to: string;
  readonly all?: boolean;
  readonly subject?: readonly string[];
  readonly for?: number;
  readonly reason?: string;
}

interface EndOptions extends DivertOptions {
  readonly all?: boolean;
}

const meanings: Readonly<Record<(typeof conditionNames)[number], readonly [value: string, meaning: string]>> =
  {
    domain: ['<domain>', 'recipients at this domain; *.example.com for those below it'],
    tenant: ['<name>', 'mail of this tenant; "" for mail of none'],
    sender: ['<sender>', 'mail of this sender: an address, a domain, or <>'],
    client: ['<network>', 'mail that this client or network hands in'],
    user: ['<user>', 'mail of this user who has logged in, or @example.com for all of a domain'],
    results: [
      '<condition>',
      'mail of which a stage has found this out, e.g. rspamd.verdict=spam or rspamd.score>=8',
    ],
    header: ['<condition>', 'mail with this header field, e.g. "Precedence: bulk"'],
  };

export function register(program: Command): void {
  const divert = program
    .command('divert')
    .description(
      'send mail that comes in to another queue for a time: for a domain, a client, a tenant, a pattern',
    );
  const add = withEndOptions(divert.command('add'))
    .description(
      'divert mail that meets all conditions; of one condition given several times, one value is enough',
    )
    .requiredOption('--to <queue>', 'the queue that gets it')
    .option('--subject <pattern>', 'mail with this Subject, where * stands for any text', collected)
    .option('--all', 'all mail, without a condition')
    .addOption(configOption())
    .option('--json', 'print JSON for programs');
  for (const name of conditionNames) {
    const [value, meaning] = meanings[name];
    add.option(`--${name} ${value}`, meaning, collected);
  }
  add.action(addDiversion);
  divert
    .command('list', { isDefault: true })
    .description('show which mail is diverted')
    .addOption(configOption())
    .option('--json', 'print JSON for programs')
    .action(list);
  divert
    .command('end')
    .description('end diversions: mail that comes in goes to its usual queue again')
    .argument('[ids...]', 'their numbers, as "sluice divert list" shows them')
    .option('--all', 'end all of them')
    .addOption(configOption())
    .option('--json', 'print JSON for programs')
    .action(end);
}

function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

async function addDiversion(options: AddOptions, command: Command): Promise<void> {
  const conditions = conditionsOf(options);
  if (conditionNames.every((name) => conditions[name] === undefined) !== (options.all === true))
    command.error('error: say which mail, e.g. with --domain or --tenant, or --all for all mail');
  const added = await ask(readPlaces(options.config), {
    operation: 'divert.add',
    queue: options.to,
    conditions,
    ...(options.for !== undefined && { forMs: options.for }),
    reason: options.reason ?? '',
    by: operatorName(),
  });
  if (options.json === true) process.stdout.write(`${JSON.stringify(added)}\n`);
  else {
    printText(
      `Diversion ${added.id}: ${conditionsText(added.conditions)} goes to the queue ${added.queue} ${endText(added, Date.now())}.\n`,
    );
    for (const warning of added.warnings ?? []) process.stderr.write(`warning: ${warning}\n`);
  }
}

/** A pattern of the Subject is one of a header field. */
function conditionsOf(options: AddOptions): DiversionConditions {
  const given = options as AddOptions & DiversionConditions;
  const found: Record<string, readonly string[]> = {};
  for (const name of conditionNames) {
    const values = given[name];
    if (values !== undefined) found[name] = values;
  }
  if (options.subject !== undefined)
    found['header'] = [...(found['header'] ?? []), ...options.subject.map((text) => `Subject: ${text}`)];
  return found;
}

async function list({ config, json = false }: DivertOptions): Promise<void> {
  const all = await ask(readPlaces(config), { operation: 'divert.list' });
  if (json) process.stdout.write(`${JSON.stringify(all)}\n`);
  else printText(all.length === 0 ? 'Nothing is diverted.\n' : diversionsTable(all, Date.now()));
}

async function end(ids: readonly string[], options: EndOptions, command: Command): Promise<void> {
  if (ids.length > 0 === (options.all === true))
    command.error(
      'error: name diversions by their numbers, as "sluice divert list" shows them, or give --all',
    );
  const which = options.all === true ? {} : { ids };
  const { ended, missing } = await ask(readPlaces(options.config), { operation: 'divert.end', ...which });
  if (options.json === true) process.stdout.write(`${JSON.stringify({ ended, missing })}\n`);
  else {
    const lines = [
      ...ended.map(({ id, conditions }) => `Diversion ${id} has ended: ${conditionsText(conditions)}.\n`),
      ...missing.map((id) => `There is no diversion ${id}; "sluice divert list" shows all.\n`),
      ...hints(ended),
    ];
    printText(lines.length === 0 ? 'Nothing is diverted.\n' : lines.join(''));
  }
  if (missing.length > 0) process.exitCode = exitCodes.failed;
}

/** What was diverted stays where it is. */
function hints(ended: readonly Diversion[]): string[] {
  const queues = new Set(ended.map(({ queue }) => queue));
  queues.delete(defaultQueue);
  return [...queues].map(
    (queue) =>
      `Mail that is in the queue ${queue} stays there; "sluice queue move --queue ${queue} --to ${defaultQueue}" takes it back.\n`,
  );
}

function diversionsTable(all: readonly Diversion[], nowMs: number): string {
  return table(
    ['ID', 'QUEUE', 'SINCE', 'ENDS', 'BY', 'MAIL', 'REASON'],
    all.map(({ id, queue, setAtMs, untilMs, by, rule, conditions, reason }) => [
      id,
      queue,
      age(nowMs - setAtMs),
      untilMs === undefined ? 'never' : `in ${age(untilMs - nowMs)}`,
      rule === undefined ? by : `rule ${rule}`,
      conditionsText(conditions),
      reason,
    ]),
  );
}
