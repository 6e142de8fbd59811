// A server that takes any message, more slowly than a client can send it.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A server that reads at most 64 KiB each millisecond. */
export async function startSlowServer(): Promise<{ port: number; bytes: () => number; close: () => void }> {
  let bytes = 0;
  const server = createServer({ highWaterMark: 64 * 1024 }, async (socket) => {
    socket.on('error', () => undefined);
    socket.write('220 slow.test\r\n');
    let isContent = false;
    let tail = '';
    for await (const read of socket) {
      bytes += (read as Buffer).length;
      tail = (tail + (read as Buffer).subarray(-200).toString('latin1')).slice(-200);
      if (isContent) {
        await pause(1); // it is slow
        if (!tail.endsWith('\r\n.\r\n')) continue;
        isContent = false;
        socket.write('250 2.0.0 ok\r\n');
      } else if (tail.endsWith('DATA\r\n')) {
        isContent = true;
        socket.write('354 go\r\n');
      } else if (tail.endsWith('QUIT\r\n')) socket.end('221 bye\r\n');
      else socket.write('250 ok\r\n');
      tail = '';
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    bytes: () => bytes,
    close: () => void server.close(),
  };
}
