// `sluice resume`: ends suspensions.

import type { Command } from 'commander';
import {
  type OverrideOptions,
  targetHelp,
  targetsOf,
  targetText,
  unsetOverrides,
  withCommonOptions,
} from './override-options.ts';

export function register(program: Command): void {
  withCommonOptions(program.command('resume'))
    .argument('<targets...>', targetHelp)
    .description('end suspensions: the mail that waited goes on at once')
    .action(resume);
}

async function resume(texts: readonly string[], options: OverrideOptions): Promise<void> {
  const { ended, missing } = await unsetOverrides(options, { kind: 'suspend', targets: targetsOf(texts) });
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ resumed: ended, notSuspended: missing })}\n`);
    return;
  }
  for (const each of ended) process.stdout.write(`${targetText(each)} is resumed.\n`);
  for (const { target, heldBy } of missing) {
    const others =
      heldBy.length === 0 ? '.' : ` itself; what holds it is ${heldBy.join(', ')}: resume that instead.`;
    process.stdout.write(`${target} is not suspended${others}\n`);
  }
}
