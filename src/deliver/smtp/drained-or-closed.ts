// Waits until a socket whose buffer is full can be written to again.

import type { Socket } from 'node:net';

/** Resolves when the socket can be written to again, or is closed. */
export function drainedOrClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
