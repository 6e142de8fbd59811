// Waits for a socket that has taken enough for now.

import type { Socket } from 'node:net';

/** Resolves when the socket takes more, or is gone. */
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
