// The client of the control socket, which the `sluice` commands use.

import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { ControlReply, ControlRequest } from './control-protocol.ts';
import { ControlError } from './control-error.ts';
import { checkRequest } from './control-request.ts';
import type { QueueRow } from './queue-row.ts';

/** How often the client checks for new bytes: while the control process works on a request, it sends some every second. */
const checkEveryMs = 1_000;
/** After this many checks in a row without new bytes, the control process counts as silent. */
const maxQuietChecks = 10;

/**
 * Sends one request and yields the rows that come; the generator's return value is the result.
 * @throws {ControlError} `VALUE_INVALID` before anything is sent; `NOT_RUNNING` when nothing listens; `CONTROL_SILENT` when no
 * sign of life comes; otherwise with the code that the running Sluice sent
 */
export async function* controlRequest(
  path: string,
  request: ControlRequest,
): AsyncGenerator<QueueRow, unknown> {
  checkRequest(request);
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error: NodeJS.ErrnoException) => reject(unreachable(path, error)));
  });
  socket.on('error', () => undefined); // an error shows as a missing `end` reply
  socket.write(`${JSON.stringify(request)}\n`);
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await lineUnlessSilent(lines.next(), socket, path);
      if (next.done === true) break;
      const reply = JSON.parse(next.value) as ControlReply;
      if (reply.kind === 'rows') yield* reply.rows;
      else if (reply.kind === 'end') return reply.result;
      else if (reply.kind === 'error') throw new ControlError(reply.code, reply.message, reply.advice);
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

/** Sends one request that has no rows, and returns its result. */
export async function controlResult(path: string, request: ControlRequest): Promise<unknown> {
  const replies = controlRequest(path, request);
  for (;;) {
    const next = await replies.next();
    if (next.done === true) return next.value;
  }
}

/**
 * Waits for the next line, as long as bytes keep coming.
 * @throws {ControlError} `CONTROL_SILENT`
 */
async function lineUnlessSilent<Line>(line: Promise<Line>, socket: Socket, path: string): Promise<Line> {
  const silent = Promise.withResolvers<never>();
  let { bytesRead } = socket;
  let quietChecks = 0;
  // Checks are counted instead of time: when this command itself was stopped for a while, the control process is not silent.
  const timer = setInterval(() => {
    quietChecks = socket.bytesRead === bytesRead ? quietChecks + 1 : 0;
    ({ bytesRead } = socket);
    if (quietChecks >= maxQuietChecks) silent.reject(controlSilent(path));
  }, checkEveryMs);
  try {
    return await Promise.race([line, silent.promise]);
  } finally {
    clearInterval(timer);
  }
}

function controlSilent(path: string): ControlError {
  return new ControlError(
    'CONTROL_SILENT',
    `Asking the running Sluice at ${path}: no answer within ${(maxQuietChecks * checkEveryMs) / 1000} s.`,
    'Its control process is stopped, or the machine is overloaded: see "ps" for processes in state T or D. What was asked for may still be done when it goes on.',
  );
}

function unreachable(path: string, error: NodeJS.ErrnoException): ControlError {
  if (error.code === 'EACCES') {
    return new ControlError(
      'CONTROL_DENIED',
      `Opening the control socket ${path}: not permitted.`,
      'Run this command as the user that runs Sluice, or as root.',
    );
  }
  // The socket's queue of waiting connections is full (unix(7)): nobody has accepted one for a while.
  if (error.code === 'EAGAIN') return controlSilent(path);
  return new ControlError(
    'NOT_RUNNING',
    `No Sluice is running with the control socket ${path}.`,
    'Start it with "sluice serve", or name its configuration with --config.',
  );
}
