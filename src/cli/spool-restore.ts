// `sluice spool restore`: makes the spool of a stopped Sluice from a backup. What was delivered since the backup would be delivered
// again: so the command asks to be told whether the mail shall be held, and reads from logs what is done.

import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { nodeTimers } from '../io/timers.ts';
import { Pace } from '../spool/copies/pace.ts';
import { restoreSpool } from '../spool/copies/restore.ts';
import { nodeFiles } from '../spool/file-layer.ts';
import { configOption, readPlaces } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { defaultQueue } from '../values/queue-name.ts';
import { queueOption, requireUnused, storeOf } from './queue-store.ts';
import { finishedIn } from './finished-in-logs.ts';
import { cancelOnSignals } from './spool-backup.ts';

interface RestoreCommand {
  readonly config?: string;
  readonly queue: string;
  readonly held?: boolean;
  readonly deliver?: boolean;
  readonly log?: readonly string[];
  readonly json?: boolean;
}

export function register(spool: Command): void {
  spool
    .command('restore <backup>')
    .description('make the spool of a stopped Sluice from a backup')
    .addOption(configOption())
    .addOption(queueOption())
    .option('--held', 'hold all mail, so that nothing is sent before somebody has released it')
    .option('--deliver', 'let Sluice send the mail when it starts, also what was delivered since the backup')
    .option(
      '--log <files...>',
      'leave out the recipients that are done by these logs (JSON lines; - is standard input)',
    )
    .option('--json', 'print JSON for programs')
    .action(restore);
}

async function restore(backup: string, options: RestoreCommand): Promise<void> {
  const { config, deliver, held, json, log, queue } = options;
  if ((held === true) === (deliver === true)) {
    throw new CommandError(
      exitCodes.usage,
      'RESTORE_CHOICE',
      'Restoring a backup: what was delivered since it was made would be delivered again.',
      'Give --held to look at the mail first ("sluice queue release" lets it go), or --deliver if nothing was delivered since. --log leaves out what a log says is done.',
    );
  }
  const places = readPlaces(config);
  const spool = storeOf(places, queue);
  if (queue !== defaultQueue) await requireUnused(places, queue, 'restored');
  const { facts, messages, recipients, leftOut } = await restoreSpool({
    files: nodeFiles,
    backup,
    spool,
    isHeld: held === true,
    finished: log === undefined ? undefined : finishedIn(log),
    pace: new Pace({ timers: nodeTimers, bytesPerSecond: 0, signal: cancelOnSignals() }),
  });
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ ...facts, spool, messages, recipients, leftOut })}\n`);
    return;
  }
  const of = facts === undefined ? '' : ` as it was at ${new Date(facts.consistentAtMs).toISOString()}`;
  process.stdout.write(
    `${spool} has ${messages} messages to ${recipients} recipients${of}${held === true ? ', all held' : ''}.\n` +
      (log === undefined ? '' : `${leftOut} recipients were left out: the log says that they are done.\n`) +
      (held === true ? '"sluice queue list" shows them, and "sluice queue release" lets them go.\n' : '') +
      ownerHint(spool),
  );
}

/** Root may have restored for a Sluice that another user starts, and to whom the folder above belongs. */
function ownerHint(spool: string): string {
  const above = dirname(spool);
  if (process.getuid?.() !== 0 || statSync(above).uid === 0) return '';
  return `It belongs to root. Give it to the user that starts Sluice: chown -R --reference=${above} ${spool}\n`;
}
