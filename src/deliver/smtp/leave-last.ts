// Closes a connection whose server has answered QUIT, after the server has closed it. The side that closes first keeps its
// port for a minute (TIME_WAIT of TCP), and a client's ports are scarce, a server's are not.

import type { Socket } from 'node:net';
import type { Deadline, Deadlines } from '../../io/deadlines.ts';

/** How long to wait for the server's close: until the next bucket of the timer wheel. */
const patienceMs = 1;

/** Closes the socket after its peer has, or soon. Nothing may be left to write. The socket does not keep the process alive. */
export function leaveLast(socket: Socket, deadlines: Deadlines): void {
  const deadline: Deadline = { atMs: Infinity, bucket: -1, expired: () => socket.destroy() };
  socket.once('close', () => deadlines.clear(deadline));
  deadlines.set(deadline, patienceMs);
  socket.unref();
}
