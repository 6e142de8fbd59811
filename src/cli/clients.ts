// `sluice clients explain`: which rule for clients holds, as the running Sluice would find it in the file as it is now.

import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { confirmedNames } from '../dns/confirmed-names.ts';
import { openResolver } from '../manager/open-resolver.ts';
import { readTable } from '../table/read-table.ts';
import { type ClientRule, formatRule } from '../table/rules/client-rule.ts';
import type { HeldRule, RuleSet } from '../table/rules/rule-set.ts';
import { TableError } from '../table/table-error.ts';
import { formatListenAddress } from '../values/listen-address.ts';
import { formatSize } from '../values/size.ts';
import { configOption, readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { isIP } from '../values/ip-version.ts';

interface Options {
  readonly config?: string;
  readonly name?: string;
  readonly user?: string;
  readonly listener?: string;
  readonly json?: boolean;
}

/** What is found out of a client. */
interface Explanation {
  /** The names that rules were looked for by; undefined where none could change anything. */
  readonly names: readonly string[] | undefined;
  /** Why the name is not known; undefined when it is, or is not needed. */
  readonly nameFailure: string | undefined;
  readonly held: HeldRule | undefined;
}

export function register(program: Command): void {
  const clients = program.command('clients').description('the rules for clients');
  clients
    .command('explain')
    .description('show which rule holds for a client; exits with 75 when that cannot be told now')
    .argument('<address>', 'the IP address of the client, or "local" for programs of this host')
    .addOption(configOption())
    .option('--name <name>', 'its verified name, instead of the one in the DNS')
    .option('--user <address>', 'the user as whom it has logged in')
    .option('--listener <address>', 'where it connects, as in [[listen]], if that has client_rules')
    .option('--json', 'print JSON for programs')
    .action(explain);
}

async function explain(address: string, options: Options): Promise<void> {
  if (address !== 'local' && isIP(address) === 0) {
    const problem = `${JSON.stringify(address)} is not an IP address.`;
    throw new CommandError(
      exitCodes.usage,
      'CLIENT_ADDRESS',
      problem,
      'Write one such as 192.0.2.7, or local.',
    );
  }
  const config = readConfig(options.config);
  const rules = await rulesOf(config, options.listener);
  const found = await explanationOf(rules, config, address, options);
  if (found.nameFailure !== undefined) process.exitCode = exitCodes.tempFail;
  process.stdout.write(
    options.json === true ? `${JSON.stringify(jsonOf(address, found))}\n` : textOf(address, found),
  );
}

async function rulesOf(config: Config, listener: string | undefined): Promise<RuleSet> {
  const name = tableName(config, listener);
  const settings = config.table.find((table) => table.name === name);
  if (settings === undefined) {
    const where = listener === undefined ? '' : ` for ${listener}`;
    const problem = `The configuration names no table of rules for clients${where}.`;
    throw new CommandError(
      exitCodes.usage,
      'CLIENT_RULES_NONE',
      problem,
      'Set rules in [clients] to the name of a [[table]].',
    );
  }
  const contents = await readTable(settings).catch((error: unknown) => {
    if (!(error instanceof TableError)) throw error;
    throw new CommandError(exitCodes.tempFail, error.code, error.message, error.advice, { cause: error });
  });
  // The schema lets no table of another kind be named.
  if (contents.rules === undefined) throw new TypeError(`The table ${settings.name} has no rules.`);
  return contents.rules;
}

function tableName({ clients, listen }: Config, listener: string | undefined): string | undefined {
  if (listener === undefined) return clients.rules;
  const found = listen.find(({ address }) => formatListenAddress(address) === listener);
  if (found !== undefined) return found.clientRules ?? clients.rules;
  const all = listen.map(({ address }) => formatListenAddress(address)).join(', ');
  throw new CommandError(
    exitCodes.usage,
    'LISTENER_UNKNOWN',
    `There is no [[listen]] with the address ${JSON.stringify(listener)}.`,
    `There are ${all}.`,
  );
}

async function explanationOf(
  rules: RuleSet,
  config: Config,
  address: string,
  { name, user }: Options,
): Promise<Explanation> {
  const known = { names: undefined, nameFailure: undefined };
  const ofUser = user === undefined ? undefined : rules.findUser(user);
  if (ofUser !== undefined) return { ...known, held: ofUser };
  if (address === 'local') return { ...known, held: rules.findLocal() };
  const held = rules.find(address);
  if (!rules.nameEffects(address, held).any) return { ...known, held };
  const told = name === undefined ? await namesInDns(config, address) : { names: [name.toLowerCase()] };
  if ('failure' in told) return { names: undefined, nameFailure: told.failure, held };
  return { names: told.names, nameFailure: undefined, held: rules.find(address, told.names) };
}

async function namesInDns(
  config: Config,
  address: string,
): Promise<{ readonly names: readonly string[] } | { readonly failure: string }> {
  const resolver = openResolver(config, () => performance.now());
  try {
    const found = await confirmedNames(address, resolver);
    if (found.kind === 'failed') return { failure: found.reason };
    return { names: found.kind === 'names' ? found.names.toSorted() : [] };
  } finally {
    resolver.close();
  }
}

function textOf(address: string, { names, nameFailure, held }: Explanation): string {
  const lines: string[] = [];
  if (names !== undefined)
    lines.push(
      names.length === 0
        ? `${address} has no verified name.`
        : `${address} has the name ${names.join(', ')}.`,
    );
  if (nameFailure !== undefined)
    lines.push(
      `The name of ${address} cannot be looked up now: ${nameFailure}.`,
      'Without a name, this would hold. The client gets temporary errors where a rule by name could change it:',
    );
  if (held === undefined) lines.push('No rule holds.');
  else
    lines.push(
      `The rule for ${held.who} holds: ${formatRule(held.rule)}`,
      ...meaning(held.rule).map((line) => `  ${line}`),
    );
  return `${lines.join('\n')}\n`;
}

function meaning(rule: ClientRule): readonly string[] {
  if (rule.kind === 'refuse')
    return [rule.isTemporary ? 'The client is refused for now (421).' : 'The client is refused (554).'];
  const { relay, maxMessageBytes, variables } = rule;
  const lines: string[] = [];
  if (relay !== undefined)
    lines.push(
      relay === ''
        ? 'It may send to anyone.'
        : `It may send to anyone; ${relay} is appended to each recipient.`,
    );
  if (maxMessageBytes !== undefined)
    lines.push(
      maxMessageBytes === 0
        ? 'Its messages may have any size.'
        : `Its messages may have ${formatSize(maxMessageBytes)} (${maxMessageBytes} bytes).`,
    );
  for (const [name, value] of Object.entries(variables)) lines.push(`Stages are told ${name}=${value}`);
  return lines;
}

function jsonOf(address: string, { names, nameFailure, held }: Explanation) {
  return {
    address,
    ...(names !== undefined && { names }),
    ...(nameFailure !== undefined && { nameFailure }),
    ...(held !== undefined && { who: held.who, rule: held.rule }),
  };
}
