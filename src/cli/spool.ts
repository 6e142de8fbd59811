// `sluice spool check`: reads a whole spool or backup, changes nothing, and says what is damaged. The other commands have files of
// their own.

import { join } from 'node:path';
import type { Command } from 'commander';
import { copyOf, readState } from '../manager/state-file.ts';
import { stateSchemas } from '../manager/state-schemas.ts';
import { wrongFiles } from '../spool/copies/check-sums.ts';
import { nodeFiles } from '../spool/file-layer.ts';
import { inspectSpool } from '../spool/open.ts';
import * as spoolBackup from './spool-backup.ts';
import * as spoolMove from './spool-move.ts';
import * as spoolRescue from './spool-rescue.ts';
import * as spoolRestore from './spool-restore.ts';
import { configOption, readPlaces } from './config-file.ts';
import { queueOption, storeOf } from './queue-store.ts';

interface CheckCommand {
  readonly config?: string;
  readonly queue: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  const spool = program.command('spool').description('examine, back up and rescue the spool on the disk');
  spool
    .command('check [folder]')
    .description(
      'read every record of the spool, or of a backup, and report what is damaged or missing; changes nothing',
    )
    .addOption(configOption())
    .addOption(queueOption())
    .option('--json', 'print JSON for programs')
    .action(async (folder: string | undefined, { config, queue, json }: CheckCommand) => {
      await check(folder ?? storeOf(readPlaces(config), queue), json === true);
    });
  spoolBackup.register(spool);
  spoolRestore.register(spool);
  spoolMove.register(spool);
  spoolRescue.register(spool);
}

/** What the manager keeps beside the mail: operators' overrides, rates, what is known of the clock. */
const stateFiles = [...stateSchemas].flatMap(([name, schema]) =>
  name === 'overrides.json'
    ? [
        { name, schema },
        { name: copyOf(name), schema },
      ]
    : [{ name, schema }],
);

async function check(spool: string, json: boolean): Promise<void> {
  let messages = 0;
  let recipients = 0;
  let problems = 0;
  for await (const found of inspectSpool(spool, { contents: true })) {
    if (found.kind === 'message') {
      messages++;
      recipients += found.message.waiting.length;
      continue;
    }
    problems++;
    const { place, text, kind } = found.problem;
    process.stdout.write(json ? `${JSON.stringify({ kind, place, text })}\n` : `${place}: ${text}\n`);
  }
  for await (const { path, why } of wrongFiles(nodeFiles, spool)) {
    problems++;
    process.stdout.write(
      json ? `${JSON.stringify({ kind: 'sum', place: path, text: why })}\n` : `${path}: ${why}\n`,
    );
  }
  for (const { name, schema } of stateFiles) {
    const problem = await readState(join(spool, name)).then(
      (found) => {
        const issue = found === undefined ? undefined : schema.safeParse(found).error?.issues[0];
        return issue === undefined ? undefined : `${issue.path.join('.')}: ${issue.message}`;
      },
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (problem === undefined) continue;
    problems++;
    const text = `the file is damaged: ${problem}`;
    process.stdout.write(
      json ? `${JSON.stringify({ kind: 'state', place: name, text })}\n` : `${name}: ${text}\n`,
    );
  }
  const summary = { messages, recipients, problems };
  process.stdout.write(
    json
      ? `${JSON.stringify(summary)}\n`
      : `${messages} messages wait for ${recipients} recipients; ${problems === 0 ? 'nothing is' : `${problems} ${problems === 1 ? 'place is' : 'places are'}`} damaged.\n`,
  );
  if (problems > 0) process.exitCode = 1;
}
