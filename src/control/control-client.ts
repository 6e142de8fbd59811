// The client of the control socket, which the `sluice` commands use.

import { accessSync, constants } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import {
  type AnyRequest,
  cancelLine,
  type ControlName,
  type ControlReply,
  replySchema,
  type RequestFor,
} from './control-protocol.ts';
import { ControlError } from './control-error.ts';
import { checkRequest, rightsFor } from './control-request.ts';
import { readAnswer, readPart } from './operations/check.ts';
import { controlOperations, type ControlSet } from './operations/sets.ts';
import { readSocketOf } from '../values/control-sockets.ts';

/** How often the client checks for new bytes: while the control process works on a request, it sends some every second. */
const checkEveryMs = 1_000;
/** After this many checks in a row without new bytes, the control process counts as silent. */
const maxQuietChecks = 10;

const party = 'The running Sluice';

/** Where the running Sluice is asked. */
export interface ControlPlace {
  readonly controlSocket: string;
}

/**
 * Sends one request and yields the parts that come before the answer; the generator's return value is the answer.
 * @param place - a configuration, or the path of one socket
 * @param signal - when it is aborted, the request is cancelled, and the answer says how far it came
 * @throws {ControlError} `VALUE_INVALID` before anything is sent; `NOT_RUNNING` when nothing listens; `CONTROL_SILENT` when no
 * sign of life comes; `CONTROL_ANSWER` for an answer of another version; otherwise with the code that the running Sluice sent
 */
export async function* controlRequest<Name extends ControlName>(
  place: string | ControlPlace,
  request: RequestFor<Name>,
  signal?: AbortSignal,
): AsyncGenerator<ControlSet[Name]['part'], ControlSet[Name]['answer']> {
  const name: Name = request.operation;
  const { path, mayOnlyAsk } = socketFor(place, request);
  for await (const reply of replies(path, mayOnlyAsk, request, signal)) {
    switch (reply.kind) {
      case 'rows':
        for (const part of reply.rows) yield readPart(controlOperations, name, part, party);
        break;
      case 'end':
        return readAnswer(controlOperations, name, reply.result, party);
      case 'error':
        throw new ControlError(reply.code, reply.message, reply.advice);
      case 'working':
        break;
      default:
        reply satisfies never;
    }
  }
  throw new ControlError(
    'CONTROL_LOST',
    'The running Sluice closed the connection before it had answered.',
    'Look at its log, then try again.',
  );
}

/** Sends one request, drops what comes before the answer, and returns the answer. */
export async function controlResult<Name extends ControlName>(
  place: string | ControlPlace,
  request: RequestFor<Name>,
): Promise<ControlSet[Name]['answer']> {
  const parts = controlRequest(place, request);
  for (;;) {
    const next = await parts.next();
    if (next.done === true) return next.value;
  }
}

/** The socket for a request. Who may not open the first one asks at the other, if the request changes nothing. */
function socketFor<Name extends ControlName>(
  place: string | ControlPlace,
  request: RequestFor<Name>,
): { readonly path: string; readonly mayOnlyAsk: boolean } {
  if (typeof place === 'string') return { path: place, mayOnlyAsk: false };
  const { controlSocket } = place;
  const readSocket = readSocketOf(controlSocket);
  if (isDenied(controlSocket) !== true || isDenied(readSocket) !== false)
    return { path: controlSocket, mayOnlyAsk: false };
  const { operation, ...question } = request;
  const canAsk = rightsFor(operation, question as ControlSet[Name]['question']) === 'read';
  return { path: canAsk ? readSocket : controlSocket, mayOnlyAsk: true };
}

/** Who may write to a socket may connect (unix(7)). Undefined: there is none. */
function isDenied(path: string): boolean | undefined {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? true : undefined;
  }
}

async function* replies(
  path: string,
  mayOnlyAsk: boolean,
  request: AnyRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<ControlReply, void> {
  checkRequest(request);
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error: NodeJS.ErrnoException) => reject(unreachable(path, mayOnlyAsk, error)));
  });
  socket.on('error', () => undefined); // an error shows as a missing `end` reply
  const cancel = (): void => void socket.write(`${JSON.stringify(cancelLine)}\n`);
  socket.write(`${JSON.stringify(request)}\n`);
  if (signal?.aborted === true) cancel();
  else signal?.addEventListener('abort', cancel, { once: true });
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await lineUnlessSilent(lines.next(), socket, path).catch(endOfReset);
      if (next.done === true) return;
      const reply = replyOf(next.value);
      if (reply !== undefined) yield reply;
    }
  } finally {
    signal?.removeEventListener('abort', cancel);
    socket.destroy();
  }
}

/** A connection that is reset, since its process was killed, ends like one that is closed. */
function endOfReset(error: unknown): { readonly done: true } {
  if (error instanceof ControlError) throw error;
  return { done: true };
}

/** Undefined for a line that this version does not know. */
function replyOf(line: string): ControlReply | undefined {
  try {
    return replySchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // no JSON
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

function unreachable(path: string, mayOnlyAsk: boolean, error: NodeJS.ErrnoException): ControlError {
  if (error.code === 'EACCES' && mayOnlyAsk) {
    return new ControlError(
      'CONTROL_READ_ONLY',
      'This user may ask the running Sluice, and not change anything. Nothing was changed.',
      'Run this command as a user in the group of full rights (group in [control]), or as root.',
    );
  }
  if (error.code === 'EACCES') {
    return new ControlError(
      'CONTROL_DENIED',
      `Opening the control socket ${path}: not permitted.`,
      'Run this command as root, or as the user that runs Sluice; with [users], as root or as the user of control there. [control] can give its rights to a group.',
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
