// Reads from logs of Sluice which recipients are done, so that a restored backup does not send to them again. Promises: a file that is no
// log, or cannot be read to its end, is an error; otherwise second copies would be sent without a word.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FinishedRecipient } from '../spool/copies/restore.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

/** Every line of a log begins so, after what syslog puts before it. */
const isOfLog = /\{"level":"/u;
/** How a file of gzip begins. */
const gzipMagic = Buffer.from([0x1f, 0x8b]);

/** Opens a log, also one that a rotation has compressed. @throws {Error} of the system */
async function openLog(path: string): Promise<NodeJS.ReadableStream> {
  const head = Buffer.alloc(gzipMagic.length);
  {
    await using file = await open(path);
    await file.read(head, 0, head.length, 0);
  }
  const input = createReadStream(path);
  if (!head.equals(gzipMagic)) return input;
  // An error of either ends the other one, and whoever reads hears of it.
  return pipeline(input, createGunzip(), () => undefined);
}

/** Events after which nothing is to be sent to a recipient any more. */
const endings: ReadonlySet<unknown> = new Set(['delivered', 'bounced', 'removed', 'moved']);

export async function* finishedIn(logs: readonly string[]): AsyncGenerator<FinishedRecipient> {
  for (const log of logs) {
    try {
      let lines = 0;
      let understood = 0;
      const input = log === '-' ? process.stdin : await openLog(log);
      for await (const line of createInterface({ input, crlfDelay: Infinity })) {
        lines++;
        if (isOfLog.test(line)) understood++;
        const found = finishedBy(line);
        if (found !== undefined) yield found;
      }
      if (lines > 0 && understood === 0)
        throw new Error('none of its lines is JSON of a log of Sluice, such as {"level":"info",...}');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new CommandError(
        exitCodes.ioError,
        'RESTORE_LOG',
        `Reading the log ${log}: ${why}. Nothing was restored.`,
        'Name files of lines in JSON, as Sluice writes them where it is not on a terminal.',
      );
    }
  }
}

function finishedBy(line: string): FinishedRecipient | undefined {
  // Most lines are about other things, and need not be parsed.
  if (!line.includes('"event"')) return undefined;
  let found: unknown;
  try {
    found = JSON.parse(line.slice(line.indexOf('{')));
  } catch {
    return undefined; // the last line may be cut
  }
  if (typeof found !== 'object' || found === null) return undefined;
  const { event, id, to } = found as {
    readonly event?: unknown;
    readonly id?: unknown;
    readonly to?: unknown;
  };
  if (!endings.has(event) || typeof id !== 'string' || typeof to !== 'string') return undefined;
  return { queueId: id, address: to };
}
