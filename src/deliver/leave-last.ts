// The end of a connection whose server has said goodbye: it closes, and we after it. Who closes first keeps the port
// for a minute (TIME_WAIT of TCP), and of ports a client has few, a server any number.

import type { Socket } from 'node:net';
import type { Deadline, Deadlines } from '../io/deadlines.ts';

/** A server that has not closed by then is not waited for: the next bucket of the wheel. */
const patienceMs = 1;

/** Closes the socket after its peer has, or soon; nothing may be left to write. It does not hold the process open. */
export function leaveLast(socket: Socket, deadlines: Deadlines): void {
  const deadline: Deadline = { atMs: Infinity, bucket: -1, expired: () => socket.destroy() };
  socket.once('close', () => deadlines.clear(deadline));
  deadlines.set(deadline, patienceMs);
  socket.unref();
}
