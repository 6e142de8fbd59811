// `sluice queue show`: everything about one message: its recipients, or the message itself as text (`--content`) or octet by
// octet (`--eml`). Promises: what is shown as text cannot control a terminal; a message of any size needs little memory.

import type { Command } from 'commander';
import { ControlError } from '../control/control-error.ts';
import type { QueueFilter, QueueRow } from '../control/queue-row.ts';
import { configOption, readPlaces } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { chooseMessages } from './export-choice.ts';
import { exportMessage } from './export-message.ts';
import { FileTarget, StandardOutput } from './export-target.ts';
import { requireQueueId } from './queue-filter.ts';
import { isKeptBack, reasonText, stateText } from './queue-row-text.ts';
import { noSuchMessage, queueRows } from './queue-rows.ts';
import { shownSenderText } from './sender-text.ts';
import { openStoredMail } from './stored-mail.ts';
import { printText } from './terminal-text.ts';
import { ask } from './until-reachable.ts';
import { age } from './text-table.ts';

interface ShowOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly content?: boolean;
  readonly eml?: boolean;
  readonly output?: string;
}

/** @param only - with the pattern of a quarantine's reason: other messages are not shown */
export function register(queue: Command, only: Pick<QueueFilter, 'quarantine'> = {}): void {
  queue
    .command('show <id>')
    .description('show everything about one message, or the message itself')
    .addOption(configOption())
    .option('--json', 'print JSON for programs')
    .option('--content', 'print the message as text; control characters are shown and not obeyed')
    .option('--eml', 'write the message as it would be sent, octet by octet')
    .option('-o, --output <file>', 'with --eml: write to this new file (default: standard output)')
    .action(async (id: string, options: ShowOptions) => {
      requireQueueId(id);
      checkOptions(options);
      const filter = { ...only, ids: [id] };
      await (options.content === true || options.eml === true
        ? showMessage(id, filter, options)
        : show(id, filter, options));
    });
}

/** @throws {CommandError} `SHOW_OPTIONS` */
function checkOptions({ content, eml, json, output }: ShowOptions): void {
  const ways = [content, eml, json].filter((way) => way === true).length;
  if (ways <= 1 && (output === undefined || eml === true)) return;
  throw new CommandError(
    exitCodes.usage,
    'SHOW_OPTIONS',
    ways > 1
      ? '--content, --eml and --json exclude each other.'
      : '--output says where --eml writes the message, and needs it.',
    'To write several messages to files, use "sluice queue export".',
  );
}

/** @throws {CommandError} `EXPORT_DAMAGED` after what can be read of a damaged message was written */
async function showMessage(
  id: string,
  filter: QueueFilter,
  { config, content, output }: ShowOptions,
): Promise<void> {
  const places = readPlaces(config);
  const chosen = (await chooseMessages(places, filter, false)).get(id);
  if (chosen === undefined) throw noSuchMessage(id, filter);
  const mail = openStoredMail(places);
  try {
    const isText = content === true || process.stdout.isTTY;
    const target = (): StandardOutput | FileTarget =>
      output === undefined || output === '-' ? new StandardOutput(isText) : new FileTarget(output);
    const { faults } = await exportMessage(places, mail, chosen, target);
    if (faults.length === 0) return;
    throw new CommandError(
      exitCodes.dataError,
      'EXPORT_DAMAGED',
      `Message ${id} is damaged: what can be read was written. ${faults.join(' ')}`,
    );
  } finally {
    mail.close();
  }
}

async function show(id: string, filter: QueueFilter, options: ShowOptions): Promise<void> {
  const rows: QueueRow[] = [];
  for await (const row of queueRows(readPlaces(options.config), filter, 0)) rows.push(row);
  const [first] = rows;
  if (first === undefined) throw noSuchMessage(id, filter);
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(rows)}\n`);
    return;
  }
  const sentAs = await sentAsOf(rows, options.config);
  const lines = [
    `Message    ${first.queueId}`,
    `Received   ${new Date(first.receivedAtMs).toISOString()} (${age(Date.now() - first.receivedAtMs)} ago)`,
    `From       <${first.sender}>`,
    ...(first.tenant === '' ? [] : [`Tenant     ${first.tenant}`]),
    ...(first.queue === undefined ? [] : [`Queue      ${first.queue}`]),
    ...(first.user === undefined ? [] : [`User       ${first.user}`]),
    ...rows.flatMap((row) => recipientLines(row, sentAs)),
  ];
  printText(`${lines.join('\n')}\n`);
}

/** @param sentAs - the sender that the next server is told, where it is rewritten */
function recipientLines(row: QueueRow, sentAs: string | undefined): string[] {
  const lines = [`To         <${row.recipient}>`];
  if (row.originalRecipient !== undefined) lines.push(`  Given as   ${row.originalRecipient}`);
  if (row.rewritesSender === true && sentAs !== undefined) lines.push(`  Sent as    ${sentAs}`);
  if (row.way !== undefined) lines.push(`  Route      ${row.way}`);
  lines.push(
    `  State      ${stateText(row)}`,
    `  Attempts   ${row.attempts}`,
    `  Next       ${nextText(row)}`,
    `  Last error ${isKeptBack(row) ? row.lastError || 'none' : reasonText(row) || 'none'}`,
  );
  return lines;
}

function nextText(row: QueueRow): string {
  if (isKeptBack(row)) return row.waitsFor ?? '';
  return row.nextAttemptAtMs === 0
    ? 'as soon as a connection is free'
    : new Date(row.nextAttemptAtMs).toISOString();
}

/** The sender that the next server is told, where it is rewritten; undefined where it is not. */
async function sentAsOf(rows: readonly QueueRow[], config: string | undefined): Promise<string | undefined> {
  const row = rows.find(({ rewritesSender }) => rewritesSender === true);
  if (row === undefined) return undefined;
  const { sender, receivedAtMs } = row;
  try {
    const question = { operation: 'srs.sender', sender, receivedAtMs } as const;
    return shownSenderText(await ask(readPlaces(config), question));
  } catch (error) {
    // Operators of one queue are not told what would be an address of this server.
    if (error instanceof ControlError && error.code === 'CONTROL_QUEUE') return undefined;
    throw error;
  }
}
