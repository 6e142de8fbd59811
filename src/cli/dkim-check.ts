// `sluice dkim check`: are the files of the keys in order, and is what is published of them theirs?

import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { openResolver } from '../manager/open-resolver.ts';
import { configOption, readConfig } from './config-file.ts';
import type { FoundKey } from './dkim-keys.ts';
import { keysOfDomains, kindText, shownKey } from './dkim-show.ts';
import { exitCodes } from './exit-codes.ts';
import { type Publication, publicationsOf } from './published-keys.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

/** @param isWell - whether a key may sign, or could */
interface Verdict {
  readonly isWell: boolean;
  readonly text: string;
}

export function registerCheck(dkim: Command): void {
  dkim
    .command('check')
    .description(
      'compare the keys of a domain, or of all domains of the configuration, with what is published; exits with 1 when one that signs is not right',
    )
    .argument('[domain]', 'the domain of the From field')
    .addOption(configOption())
    .option('--json', 'print one line of JSON for each key')
    .action(check);
}

async function check(domain: string | undefined, { config: named, json }: Options): Promise<void> {
  const config = readConfig(named);
  for (const [key, verdict] of await verdicts(config, await keysOfDomains(config, domain))) {
    if (!verdict.isWell && key.signs) process.exitCode = exitCodes.failed;
    const { isWell: ok, text: published } = verdict;
    process.stdout.write(
      json === true ? `${JSON.stringify({ ...shownKey(key), ok, published })}\n` : lineOf(key, verdict),
    );
  }
}

function lineOf({ name, path, signs, file }: FoundKey, { isWell, text }: Verdict): string {
  const kind = file.kind === 'key' ? `, ${kindText(file.key)}` : '';
  const use = signs ? 'signs mail' : 'is not in use';
  return `${isWell ? 'ok ' : 'NOT'}  ${name}: ${text}\n     ${path}${kind}, ${use}\n`;
}

async function verdicts(
  config: Config,
  keys: readonly FoundKey[],
): Promise<(readonly [FoundKey, Verdict])[]> {
  const resolver = openResolver(config, () => performance.now());
  try {
    const found = await publicationsOf(keys, resolver);
    return found.map(([key, publication]) => [key, verdictOf(publication, key.signs)] as const);
  } finally {
    resolver.close();
  }
}

function verdictOf(publication: Publication, signs: boolean): Verdict {
  switch (publication.kind) {
    case 'unusable':
      return { isWell: false, text: `the file cannot be used: ${publication.reason}` };
    case 'failed':
      return { isWell: false, text: publication.reason };
    case 'absent':
      return { isWell: false, text: 'not published: there is no TXT record (sluice dkim show prints it)' };
    case 'several':
      return {
        isWell: false,
        text: `there are ${publication.count} TXT records, and receivers may take any of them`,
      };
    case 'wrong':
      return { isWell: false, text: `the published record is not right: ${publication.reason}` };
    case 'published': {
      const testing = publication.isTesting ? '; t=y says that it is only a test' : '';
      const next = signs ? '' : '; it can be put into [[signing_key]]';
      return { isWell: true, text: `published${testing}${next}` };
    }
  }
}
