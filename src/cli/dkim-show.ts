// `sluice dkim show`: the keys that sign mail, and the records to publish.

import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import type { PrivateKey } from '../signing/private-key.ts';
import { publicRecord, zoneLines } from '../signing/public-record.ts';
import { configOption, readConfig } from './config-file.ts';
import { configuredDomains, type FoundKey, keysOf } from './dkim-keys.ts';
import { domainArgument } from './domain-argument.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

export function registerShow(dkim: Command): void {
  dkim
    .command('show')
    .description(
      'show the keys of a domain, or of all domains of the configuration, and the records to publish',
    )
    .argument('[domain]', 'the domain of the From field')
    .addOption(configOption())
    .option('--json', 'print one line of JSON for each key')
    .action(show);
}

async function show(domain: string | undefined, { config: named, json }: Options): Promise<void> {
  for (const key of await keysOfDomains(readConfig(named), domain)) {
    process.stdout.write(json === true ? `${JSON.stringify(shownKey(key))}\n` : keyText(key));
  }
}

/**
 * The keys of one domain, or of all that the configuration names.
 * @throws {CommandError} DKIM_NO_KEY without any
 */
export async function keysOfDomains(
  config: Config,
  domain: string | undefined,
): Promise<readonly FoundKey[]> {
  const domains = domain === undefined ? configuredDomains(config) : [domainArgument(domain)];
  const keys = new Map<string, FoundKey>();
  for (const each of domains)
    for (const key of await keysOf(config, each)) keys.set(`${key.path} ${key.name}`, key);
  if (keys.size > 0) return [...keys.values()];
  throw new CommandError(
    exitCodes.failed,
    'DKIM_NO_KEY',
    domain === undefined ? 'No [[signing_key]] names a domain.' : `No key signs mail of ${domain}.`,
    `Make one with sluice dkim keygen ${domain ?? 'example.com'}.`,
  );
}

/** For programs. */
export function shownKey({ name, path, signs, file }: FoundKey): object {
  const common = { name, file: path, signs };
  if (file.kind !== 'key') return { ...common, problem: file.reason };
  const { algorithm, bits } = file.key;
  return { ...common, algorithm, bits, record: publicRecord(file.key), warnings: file.warnings };
}

function keyText(key: FoundKey): string {
  const { file, name } = key;
  const use = key.signs ? 'signs mail' : 'is not in use';
  if (file.kind !== 'key') return `; ${key.path} ${use}, and cannot be used: ${file.reason}\n`;
  const warnings = file.warnings.map((warning) => `; ${warning}\n`).join('');
  return `; ${key.path}: ${kindText(file.key)}, ${use}\n${warnings}${zoneLines(name, file.key)}`;
}

export function kindText({ algorithm, bits }: PrivateKey): string {
  return algorithm === 'rsa-sha256' ? `RSA, ${bits} bits` : 'Ed25519';
}
