// `sluice queue export`: writes messages as they are stored, octet by octet, to files or standard output. Promises: no file
// is overwritten; damage is reported, and what can be read of a damaged message is written; the queue does not change.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readPlaces } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { type ChosenMessage, chooseMessages, withAllRecipients } from './export-choice.ts';
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
import { openStoredMail } from './stored-mail.ts';
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
  const wantsEnvelope = options.envelope === true;
  let chosen = await chooseMessages(config, filter, wantsEnvelope);
  if (wantsEnvelope) chosen = await withAllRecipients(config, filter, chosen);
  const missing = ids.filter((id) => !chosen.has(id));
  const { directory } = options;
  if (directory === undefined) requireOneMessage(chosen, missing);
  else await makeDirectory(directory);
  const counts = { exported: 0, damaged: 0, failed: missing.length };
  for (const id of directory === undefined ? [] : missing) printError(noSuchMessage(id));
  const mail = openStoredMail(config);
  try {
    for (const message of chosen.values()) {
      const file = fileOf(message, options);
      try {
        const target = (): ExportTarget => (file === undefined ? new StandardOutput() : new FileTarget(file));
        const envelope = wantsEnvelope && file !== undefined ? envelopeFileOf(file) : undefined;
        const { bytes, faults } = await exportMessage(config, mail, message, target, envelope);
        counts.exported++;
        if (faults.length > 0) counts.damaged++;
        if (options.json === true) {
          const written = bytes > 0 ? file : null;
          process.stdout.write(
            `${JSON.stringify({ queueId: message.queueId, file: written, bytes, faults })}\n`,
          );
        }
        for (const fault of faults) process.stderr.write(`${message.queueId}: ${fault}\n`);
      } catch (error) {
        if (directory === undefined || !(error instanceof CommandError)) throw error;
        printError(error);
        counts.failed++;
      }
    }
  } finally {
    mail.close();
  }
  if (directory !== undefined) await syncDirectory(directory);
  conclude(counts, options);
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
 * Checks that exactly one message is chosen.
 * @throws {CommandError} `EXPORT_TARGET`
 * @throws {ControlError} `NO_SUCH_MESSAGE`
 */
function requireOneMessage(chosen: ReadonlyMap<string, ChosenMessage>, missing: readonly string[]): void {
  const count = chosen.size + missing.length;
  if (count > 1) throw wrongTarget(`${count} messages are chosen, and one file holds one message.`);
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
  readonly exported: number;
  readonly damaged: number;
  readonly failed: number;
}

/** @throws {CommandError} `EXPORT_INCOMPLETE` or `EXPORT_DAMAGED` */
function conclude({ exported, damaged, failed }: Counts, { directory, json }: ExportOptions): void {
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
