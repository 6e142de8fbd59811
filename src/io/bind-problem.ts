// Whether this host could use one of its own addresses, without keeping it.

import { createServer } from 'node:net';

/** The system's code when the address and port cannot be bound; they are let go at once. */
export function bindProblem(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}
