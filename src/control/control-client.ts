// The other end of the control socket: what `sluice queue`, `status` and `reload` use.

import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { ControlReply, ControlRequest } from './control-protocol.ts';
import { ControlError } from './control-error.ts';
import type { QueueRow } from './queue-row.ts';

/**
 * Sends one request and yields the rows that come; the generator's return value is the result.
 * @param ended - nobody waits for the answer any more
 * @throws {ControlError} `NOT_RUNNING` when nothing listens; otherwise with the code that the running Sluice gave
 */
export async function* controlRequest(
  path: string,
  request: ControlRequest,
  ended?: AbortSignal,
): AsyncGenerator<QueueRow, unknown> {
  const socket = connect(path);
  ended?.addEventListener('abort', () => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error: NodeJS.ErrnoException) => reject(unreachable(path, error)));
  });
  socket.on('error', () => undefined); // shows as a missing end
  socket.write(`${JSON.stringify(request)}\n`);
  try {
    for await (const line of createInterface({ input: socket })) {
      const reply = JSON.parse(line) as ControlReply;
      if (reply.kind === 'rows') yield* reply.rows;
      else if (reply.kind === 'end') return reply.result;
      else throw new ControlError(reply.code, reply.message, reply.advice);
    }
  } finally {
    socket.destroy();
  }
  throw new ControlError(
    'CONTROL_LOST',
    'The running Sluice closed the connection before it had answered.',
    'Look at its log, then try again.',
  );
}

/** The same for requests that have no rows. */
export async function controlResult(
  path: string,
  request: ControlRequest,
  ended?: AbortSignal,
): Promise<unknown> {
  const replies = controlRequest(path, request, ended);
  for (;;) {
    const next = await replies.next();
    if (next.done === true) return next.value;
  }
}

function unreachable(path: string, error: NodeJS.ErrnoException): ControlError {
  if (error.code === 'EACCES') {
    return new ControlError(
      'CONTROL_DENIED',
      `Opening the control socket ${path}: not permitted.`,
      'Run this command as the user that runs Sluice, or as root.',
    );
  }
  return new ControlError(
    'NOT_RUNNING',
    `No Sluice is running with the control socket ${path}.`,
    'Start it with "sluice serve", or name its configuration with --config.',
  );
}
