// `sluice spool move`: copies the store of a queue that is stopped to another folder, and says how it is used from there. Other queues go on.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { nodeTimers } from '../io/timers.ts';
import { copyStore } from '../spool/copies/move-store.ts';
import { Pace } from '../spool/copies/pace.ts';
import { nodeFiles } from '../spool/file-layer.ts';
import { parseSize, roundedSize } from '../values/size.ts';
import { defaultQueue } from '../values/queue-name.ts';
import { configOption, readPlaces } from './config-file.ts';
import { queueOption, requireUnused, storeOf } from './queue-store.ts';
import { cancelOnSignals } from './spool-backup.ts';

interface MoveCommand {
  readonly config?: string;
  readonly queue: string;
  readonly to: string;
  readonly rate?: string;
  readonly json?: boolean;
}

export function register(spool: Command): void {
  spool
    .command('move')
    .description(
      'copy the store of a queue that is stopped to another folder, such as on another disk, and check the copy',
    )
    .addOption(configOption())
    .addOption(queueOption())
    .requiredOption('--to <folder>', 'the new folder, which must not exist yet')
    .option('--rate <size>', 'copy at most this much a second (default: as fast as it goes)')
    .option('--json', 'print JSON for programs')
    .action(move);
}

async function move({ config, queue, to, rate, json }: MoveCommand): Promise<void> {
  const places = readPlaces(config);
  const from = storeOf(places, queue);
  const target = resolve(to);
  await requireUnused(places, queue, 'moved');
  const bytesPerSecond = rate === undefined ? 0 : parseSize(rate);
  const pace = new Pace({ timers: nodeTimers, bytesPerSecond, signal: cancelOnSignals() });
  const { files, bytes } = await copyStore({ files: nodeFiles, spool: from, target, pace });
  // It may have been started meanwhile: then mail may be in the old folder that the new one has not.
  await requireUnused(places, queue, 'moved');
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ queue, from, to: target, files, bytes })}\n`);
    return;
  }
  const key =
    queue === defaultQueue ? `spool = ${JSON.stringify(target)}` : `path = ${JSON.stringify(target)}`;
  const table = queue === defaultQueue ? 'before the first table of' : `in [queues.${queue}] of`;
  const start =
    queue === defaultQueue ? 'start Sluice.' : `"sluice reload", then "sluice queue start --queue ${queue}".`;
  process.stdout.write(
    `${files} files (${roundedSize(bytes)}) are in ${target}, and were read again and compared.\n` +
      `Now set ${key} ${table} the configuration, and ${queue === defaultQueue ? '' : 'put it in force: '}${start}\n` +
      `When the queue runs from there, remove ${from}.\n`,
  );
}
