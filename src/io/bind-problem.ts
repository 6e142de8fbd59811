// Tells whether this host can use an address of its own for a listener or a connection.

import { createServer } from 'node:net';

/** Binds the address and port, and releases them at once. Returns the system's error code when they cannot be bound. */
export function bindProblem(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}
