// `sluice spool backup`: copies the spool of a running or stopped Sluice to a new folder, slowly enough to leave the disk to the
// mail. Ctrl-C ends it and leaves nothing.

import { setPriority } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { version } from '../config/version.ts';
import { nodeTimers } from '../io/timers.ts';
import { backupSpool } from '../spool/copies/backup.ts';
import { Pace } from '../spool/copies/pace.ts';
import { nodeFiles } from '../spool/file-layer.ts';
import { formatSize, parseSize } from '../values/size.ts';
import { configOption, readPlaces } from './config-file.ts';
import { exitCodes } from './exit-codes.ts';
import { queueOption, storeOf } from './queue-store.ts';

interface BackupCommand {
  readonly config?: string;
  readonly queue: string;
  readonly earlier?: string;
  readonly rate: number;
  readonly json?: boolean;
}

const defaultRate = '32MiB';

export function register(spool: Command): void {
  spool
    .command('backup <folder>')
    .description('copy the mail and the state of a running Sluice to a new folder')
    .addOption(configOption())
    .addOption(queueOption())
    .option('--earlier <backup>', 'link the files that this earlier backup has, too, instead of copying them')
    .option(
      '--rate <size>',
      'copy at most this much a second; 0B: as fast as it goes',
      size,
      parseSize(defaultRate),
    )
    .option('--json', 'print JSON for programs')
    .action(backup);
}

async function backup(folder: string, { config, queue, earlier, rate, json }: BackupCommand): Promise<void> {
  const places = readPlaces(config);
  const { hostname } = places;
  const signal = cancelOnSignals();
  beNice();
  const { facts, linkedBytes, problems } = await backupSpool({
    files: nodeFiles,
    spool: storeOf(places, queue),
    target: folder,
    earlier,
    pace: new Pace({ timers: nodeTimers, bytesPerSecond: rate, signal }),
    now: Date.now,
    facts: { sluice: version, hostname },
  });
  for (const { place, text } of problems) process.stderr.write(`${place}: ${text}\n`);
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ ...facts, linkedBytes, problems: problems.length })}\n`);
  } else {
    const { messages, recipients, consistentAtMs } = facts;
    const linked = linkedBytes === 0 ? '' : `; ${formatSize(linkedBytes)} are those of ${earlier ?? ''}`;
    process.stdout.write(
      `${folder} has the ${messages} messages to ${recipients} recipients that waited at ${new Date(consistentAtMs).toISOString()}${linked}.\n`,
    );
    if (problems.length > 0) {
      process.stdout.write('The spool is damaged, and so is the backup: the lines above say where.\n');
    }
  }
  if (problems.length > 0) process.exitCode = exitCodes.dataError;
}

/** The first SIGINT or SIGTERM cancels; the next one has its usual effect. */
export function cancelOnSignals(): AbortSignal {
  const cancelled = new AbortController();
  const cancel = (): void => {
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
    cancelled.abort();
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  return cancelled.signal;
}

/** Mail goes first. Without this, the backup would still be held back by its rate. */
export function beNice(): void {
  try {
    setPriority(10);
  } catch {
    // Not every system lets a process do this.
  }
}

export function size(text: string): number {
  try {
    return parseSize(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
