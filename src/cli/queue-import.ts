// `sluice queue import`: hands exported messages to the running Sluice, each with its envelope, to the recipients that wait for it.
// Promises: what was taken is marked, so that another run does not hand it in again.

import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import type { ClientTransaction } from '../protocol/smtp/client/client-session.ts';
import { configOption, readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { errorText } from './print-error.ts';
import { submit } from './sendmail/submit.ts';
import { verdict } from './sendmail/verdict.ts';

const notify = z.object({
  never: z.boolean(),
  success: z.boolean(),
  failure: z.boolean(),
  delay: z.boolean(),
});

/** What an import needs of an exported envelope. */
const envelopeSchema = z.object({
  reversePath: z.string(),
  waiting: z.array(z.string()),
  recipients: z.array(
    z.object({ address: z.string(), notify: notify.optional(), originalRecipient: z.string().optional() }),
  ),
  body: z.enum(['7BIT', '8BITMIME']),
  smtpUtf8: z.boolean(),
  ret: z.enum(['FULL', 'HDRS']).optional(),
  envelopeId: z.string().optional(),
  priority: z.int().min(-9).max(9).optional(),
  tlsDemand: z.string().optional(),
  verp: z
    .string()
    .regex(/^[-=+]{2}$/u, 'must be two of the characters - = +')
    .optional(),
});

type ExportedEnvelope = z.infer<typeof envelopeSchema>;

export function register(queue: Command): void {
  queue
    .command('import <folder>')
    .description('hand messages that were exported with their envelopes to the running Sluice')
    .addOption(configOption())
    .action(importFolder);
}

async function importFolder(folder: string, { config }: { readonly config?: string }): Promise<void> {
  const { hostname, receive, submissionSocket } = readConfig(config);
  let taken = 0;
  let failed = 0;
  for (const name of namesIn(folder)) {
    try {
      const path = join(folder, name);
      const envelopePath = path.replace(/\.eml$/, '.envelope.json');
      const envelope = readEnvelope(envelopePath);
      const content = readFileSync(path);
      const transaction = transactionOf(envelope, content.length);
      const outcomes = await submit(
        submissionSocket,
        hostname,
        transaction,
        [content],
        receive.maxRecipients,
      );
      const rest = outcomes.filter(({ result }) => result !== 'delivered').map(({ recipient }) => recipient);
      const waiting = rest.flatMap((index) => transaction.recipients[index]?.address ?? []);
      if (waiting.length === 0) {
        renameSync(path, `${path}.imported`);
        taken++;
        continue;
      }
      // Those who have got it must not be given it again by the next run.
      if (waiting.length < transaction.recipients.length) {
        const whole = JSON.parse(readFileSync(envelopePath, 'utf8')) as object;
        writeFileSync(envelopePath, `${JSON.stringify({ ...whole, waiting })}\n`);
      }
      const problem = verdict(
        outcomes,
        transaction.recipients.map(({ address }) => address),
      );
      if (problem !== undefined) throw problem;
    } catch (error) {
      // Without a running Sluice, no other message would be taken either.
      if (!(error instanceof CommandError) || error.code === 'SENDMAIL_NOT_RUNNING') throw error;
      failed++;
      process.stderr.write(`${name}: ${errorText(error, false)}`);
    }
  }
  process.stdout.write(`${taken} ${taken === 1 ? 'message' : 'messages'} handed in.\n`);
  if (failed === 0) return;
  throw new CommandError(
    exitCodes.failed,
    'IMPORT_INCOMPLETE',
    `${failed} ${failed === 1 ? 'message was' : 'messages were'} not taken for everybody; the files are as they were.`,
    'The lines above say why. Run the command again when that is mended: what was taken is not handed in again.',
  );
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.eml'))
      .toSorted();
  } catch (error) {
    throw unreadable(folder, error);
  }
}

function readEnvelope(path: string): ExportedEnvelope {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw unreadable(path, error);
  }
  const { data, error } = envelopeSchema.safeParse(json);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw unreadable(path, new Error(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`));
}

function unreadable(path: string, error: unknown): CommandError {
  return new CommandError(
    exitCodes.dataError,
    'IMPORT_UNREADABLE',
    `Reading ${path}: ${error instanceof Error ? error.message : String(error)}.`,
    'Export with --envelope, or write the file by hand: "reversePath", "recipients" and "waiting" are needed.',
  );
}

function transactionOf(envelope: ExportedEnvelope, sizeBytes: number): ClientTransaction {
  const { recipients, tlsDemand, waiting, ...asBefore } = envelope;
  const left = [...waiting];
  // A message may name a recipient twice, of which one has got it.
  const wanted = recipients.filter(({ address }) => {
    const at = left.indexOf(address);
    if (at !== -1) left.splice(at, 1);
    return at !== -1;
  });
  return {
    ...asBefore,
    recipients: wanted,
    sizeBytes,
    requireTls: tlsDemand === 'requiretls' ? true : undefined,
  };
}
