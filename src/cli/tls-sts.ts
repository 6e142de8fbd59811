// `sluice tls sts`: what the running Sluice knows of the MTA-STS policy of a domain (RFC 8461).

import type { Command } from 'commander';
import type { StsAnswer } from '../control/operations/sts.ts';
import { configOption, readPlaces } from './config-file.ts';
import { domainArgument } from './domain-argument.ts';
import { printText } from './terminal-text.ts';
import { age } from './text-table.ts';
import { rowsText } from './tls-text.ts';
import { ask } from './until-reachable.ts';

interface Options {
  readonly config?: string;
  readonly purge?: boolean;
  readonly json?: boolean;
}

/** Adds the command below `sluice tls`. */
export function registerSts(tls: Command): void {
  tls
    .command('sts')
    .description('show the MTA-STS policy of a recipient domain, and fetch it if it is not known')
    .argument('<domain>', 'a recipient domain')
    .addOption(configOption())
    .option('--purge', 'fetch the policy anew, and replace the known one by it')
    .option('--json', 'print JSON for programs')
    .action(show);
}

async function show(text: string, _: Options, command: Command): Promise<void> {
  // Commander gives --json and --config to the command above, which has them, too.
  const options = command.optsWithGlobals<Options>();
  const domain = domainArgument(text);
  const config = readPlaces(options.config);
  const answer = await ask(config, { operation: 'tls.sts', domain, purge: options.purge === true });
  if (options.json === true) process.stdout.write(`${JSON.stringify(answer)}\n`);
  else printText(stsText(domain, answer));
}

/** What people read of an answer. */
export function stsText(domain: string, answer: StsAnswer): string {
  const { nowMs, policy, failure, hosts } = answer;
  const rows: (readonly [string, string])[] = [['record', recordText(domain, answer)]];
  if (policy !== null) {
    const { id, mode, fetchedAtMs, endsAtMs, lines } = policy;
    rows.push(['mode', `${mode}: ${modeText[mode]}`]);
    rows.push(['id', id]);
    rows.push(['fetched', dateText(fetchedAtMs, nowMs)]);
    rows.push(['until', dateText(endsAtMs, nowMs)]);
    for (const line of lines.filter((each) => each.startsWith('mx: '))) rows.push(['mx', line.slice(4)]);
  }
  for (const { host, fits } of hosts) {
    rows.push(['host', `${host}: ${fits ? 'is in the policy' : 'is NOT in the policy'}`]);
  }
  if (failure !== null) {
    const { at, reason, atMs, untilMs } = failure;
    const again = untilMs > nowMs ? `; tried again from ${new Date(untilMs).toISOString()} on` : '';
    rows.push(['failed', `${at}, ${dateText(atMs, nowMs)}: ${reason}${again}`]);
  }
  return `${headOf(domain, answer)}\n${rowsText(rows)}`;
}

const modeText = {
  enforce: 'mail goes only to hosts of the policy, with a certificate that is valid for them',
  testing: 'mail goes out as without a policy, and failures are counted for reports',
} as const;

const renewalText = {
  'none known': '',
  replaced: 'The known policy was replaced. ',
  forgotten: 'The known policy was forgotten. ',
  kept: 'The known policy stays, because no other one can be had now. ',
} as const;

function headOf(domain: string, { isOn, policy, renewal }: StsAnswer): string {
  const purged = renewal === null ? '' : renewalText[renewal];
  if (!isOn) return `${purged}mta_sts is false in [deliver], so no policy is looked for`;
  return `${purged}${domain} ${policy === null ? 'has no MTA-STS policy that is in force here' : 'has an MTA-STS policy'}`;
}

function recordText(domain: string, { record }: StsAnswer): string {
  const name = `_mta-sts.${domain}`;
  switch (record?.kind) {
    case undefined:
      return 'not looked up';
    case 'record':
      return `${name} names the policy ${record.id}`;
    case 'none':
      return record.reason === '' ? `${name} has none` : `${name} is not used: ${record.reason}`;
    case 'failed':
      return record.reason;
  }
}

function dateText(atMs: number, nowMs: number): string {
  const distance = age(Math.abs(nowMs - atMs));
  return `${new Date(atMs).toISOString()} (${atMs <= nowMs ? `${distance} ago` : `in ${distance}`})`;
}
