// `sluice queue export`: writes messages as they are stored, octet by octet, to files or standard output. Promises: no file
// is overwritten; damage is reported, and what can be read of a damaged message is written; the queue does not change.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Places } from '../config/salvage-places.ts';
import { readPlaces } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { type ChosenMessage, messagePortions, withAllRecipients } from './export-choice.ts';
import { exportMessage } from './export-message.ts';
import {
  type ExportTarget,
  FileTarget,
  StandardOutput,
  exportFailed,
  syncDirectory,
} from './export-target.ts';
import { errorText } from './print-error.ts';
import { type FilterOptions, filterOf, withFilterOptions, requireChoice } from './queue-filter.ts';
import { noSuchMessage } from './queue-rows.ts';
import { openStoredMail, type StoredMail } from './stored-mail.ts';
import { writeReason } from './write-reason.ts';

interface ExportOptions extends FilterOptions {
  readonly output?: string;
  readonly directory?: string;
  readonly envelope?: boolean;
}

export function register(queue: Command): void {
  withFilterOptions(queue.command('export [ids...]'))
    .description('write messages as they are stored, damaged ones too; they stay in the queue')
    .option('--all', 'choose the whole queue')
    .option('-o, --output <file>', 'write one message to this file (default: standard output)')
    .option('-d, --directory <folder>', 'write each message to ID.eml in this folder')
    .option('--envelope', 'also write sender and recipients, as JSON, to a file beside each message')
    .action(run);
}

async function run(ids: string[], options: ExportOptions): Promise<void> {
  checkTargets(options);
  const filter = filterOf(ids, options);
  requireChoice(filter, options.all === true, 'export');
  const config = readPlaces(options.config);
  const { directory } = options;
  const missing = new Set(ids);
  const counts: Counts = { exported: 0, damaged: 0, failed: 0 };
  const wantsEnvelope = options.envelope === true;
  const mail = openStoredMail(config);
  try {
    let isFirst = true;
    for await (const portion of messagePortions(config, filter, wantsEnvelope)) {
      for (const id of portion.keys()) missing.delete(id);
      if (directory === undefined) requireOneMessage(portion.size, isFirst, missing);
      else if (isFirst) await makeDirectory(directory);
      isFirst = false;
      const chosen = wantsEnvelope ? await withAllRecipients(config, filter, portion) : portion;
      for (const message of chosen.values()) await exportOne(message, { config, mail, options, counts });
    }
    if (isFirst && directory === undefined) requireOneMessage(0, true, missing);
    if (isFirst && directory !== undefined) await makeDirectory(directory);
  } finally {
    mail.close();
  }
  for (const id of missing) printError(noSuchMessage(id));
  counts.failed += missing.size;
  if (directory !== undefined) await syncDirectory(directory);
  conclude(counts, options);
}

interface Exporting {
  readonly config: Places;
  readonly mail: StoredMail;
  readonly options: ExportOptions;
  readonly counts: Counts;
}

async function exportOne(
  message: ChosenMessage,
  { config, mail, options, counts }: Exporting,
): Promise<void> {
  const file = fileOf(message, options);
  try {
    const target = (): ExportTarget => (file === undefined ? new StandardOutput() : new FileTarget(file));
    const envelope = options.envelope === true && file !== undefined ? envelopeFileOf(file) : undefined;
    const { bytes, faults } = await exportMessage(config, mail, message, target, envelope);
    counts.exported++;
    if (faults.length > 0) counts.damaged++;
    if (options.json === true) {
      const written = bytes > 0 ? file : null;
      process.stdout.write(`${JSON.stringify({ queueId: message.queueId, file: written, bytes, faults })}\n`);
    }
    for (const fault of faults) process.stderr.write(`${message.queueId}: ${fault}\n`);
  } catch (error) {
    if (options.directory === undefined || !(error instanceof CommandError)) throw error;
    printError(error);
    counts.failed++;
  }
}

/** @throws {CommandError} `EXPORT_TARGET` */
function checkTargets({ output, directory, envelope, json }: ExportOptions): void {
  const toFile = directory !== undefined || (output !== undefined && output !== '-');
  if (output !== undefined && directory !== undefined) {
    throw wrongTarget('--output and --directory exclude each other.');
  }
  if (!toFile && envelope === true)
    throw wrongTarget('--envelope writes a file beside the message: standard output has no place for it.');
  if (!toFile && json === true)
    throw wrongTarget('--json cannot be used with standard output: it would mix with the message.');
}

function wrongTarget(message: string): CommandError {
  return new CommandError(
    exitCodes.usage,
    'EXPORT_TARGET',
    message,
    'Give --output FILE for one message, or --directory FOLDER for one or more.',
  );
}

/**
 * Checks that exactly one message is chosen, before anything is written. Portions are large: a second one means more than one message.
 * @param missing - ids that were not found so far
 * @throws {CommandError} `EXPORT_TARGET`
 * @throws {ControlError} `NO_SUCH_MESSAGE`
 */
function requireOneMessage(found: number, isFirst: boolean, missing: ReadonlySet<string>): void {
  const count = found + missing.size;
  if (count > 1 || !isFirst)
    throw wrongTarget(`${count} messages are chosen, and one file holds one message.`);
  const [absent] = missing;
  if (absent !== undefined) throw noSuchMessage(absent);
  if (count === 0) {
    throw new CommandError(exitCodes.failed, 'NO_SUCH_MESSAGE', 'No mail that waits matches.');
  }
}

function envelopeFileOf(file: string): FileTarget {
  return new FileTarget(`${file.replace(/\.eml$/, '')}.envelope.json`);
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw exportFailed(`Making the folder ${path}: ${writeReason(error)}.`, error);
  }
}

/** The file of a message; undefined for standard output. */
function fileOf({ queueId }: ChosenMessage, { output, directory }: ExportOptions): string | undefined {
  if (directory !== undefined) return join(directory, `${queueId}.eml`);
  return output === '-' ? undefined : output;
}

function printError(error: unknown): void {
  process.stderr.write(errorText(error, false));
}

interface Counts {
  exported: number;
  damaged: number;
  failed: number;
}

/** @throws {CommandError} `EXPORT_INCOMPLETE` or `EXPORT_DAMAGED` */
function conclude({ exported, damaged, failed }: Readonly<Counts>, { directory, json }: ExportOptions): void {
  if (directory !== undefined && json !== true) {
    process.stdout.write(
      exported + failed === 0
        ? 'No mail that waits matches.\n'
        : `${messages(exported)} exported to ${directory}.\n`,
    );
  }
  if (failed > 0) {
    throw new CommandError(
      exitCodes.failed,
      'EXPORT_INCOMPLETE',
      `${messages(failed)} could not be exported.`,
      'The lines above say why, for each of them.',
    );
  }
  if (damaged > 0) {
    throw new CommandError(
      exitCodes.dataError,
      'EXPORT_DAMAGED',
      `${messages(damaged)} of ${exported} ${damaged === 1 ? 'is' : 'are'} damaged: what can be read was written.`,
      'The lines above say what is wrong with each of them.',
    );
  }
}

function messages(count: number): string {
  return `${count} message${count === 1 ? '' : 's'}`;
}
