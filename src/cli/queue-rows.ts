// Rows of the queue: from the running Sluice, or from the spool when none is running.

import type { Places } from '../config/salvage-places.ts';
import { controlRequest } from '../control/control-client.ts';
import { ControlError } from '../control/control-error.ts';
import type { QueueFilter, QueueRow } from '../control/queue-row.ts';
import { storedQueue } from '../control/stored-queue.ts';
import { untilReachable } from './until-reachable.ts';

/**
 * Rows that match, at most `limit` (0: all). What cannot be read of the spool is reported on standard error.
 * @param located - rows say where their messages are stored
 */
export async function* queueRows(
  config: Places,
  filter: QueueFilter,
  limit: number,
  located = false,
): AsyncGenerator<QueueRow> {
  const request = { operation: 'queue-list', filter, limit, ...(located && { located }) } as const;
  try {
    const { rows, first } = await untilReachable(config, async () => {
      const asked = controlRequest(config, request);
      return { rows: asked, first: await asked.next() };
    });
    if (first.done === true) return;
    yield first.value;
    yield* rows;
  } catch (error) {
    if (!(error instanceof ControlError) || error.code !== 'NOT_RUNNING') throw error;
    yield* storedQueue(
      [
        { directory: config.spool },
        ...config.queues.map(({ name, path }) => ({ queue: name, directory: path })),
      ],
      filter,
      limit,
      (problem) => process.stderr.write(`${problem}\n`),
      located,
    );
  }
}

/** The error for an id that is not in the queue, or not in quarantine when only such messages were asked for. */
export function noSuchMessage(id: string, { quarantine }: QueueFilter = {}): ControlError {
  return new ControlError(
    'NO_SUCH_MESSAGE',
    `No message ${id} is in ${quarantine === undefined ? 'the queue' : 'quarantine'}.`,
    quarantine === undefined
      ? 'It may be delivered by now: look for its id in the log.'
      : 'It may be released or deleted by now: "sluice queue show" and the log tell more.',
  );
}
