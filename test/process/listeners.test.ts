// Listeners that come and go with a reload, in a running Sluice.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from '../interop/mail.ts';

/** Everything that a session of LMTP says; empty when nobody listens. */
async function saidAt(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let said = '';
  socket.on('data', (text: string) => {
    said += text;
  });
  socket.on('error', () => undefined);
  socket.write('LHLO client.test\r\nQUIT\r\n');
  await new Promise((resolve) => socket.on('close', resolve));
  return said;
}

for (const single of [true, false]) {
  test(`a reload opens and closes listeners, ${single ? 'in one process' : 'in several processes'}`, async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const processes = { single_process: single };
    const route = [{ relay: [`127.0.0.1:${mx.port}`] }];
    const sluice = await startSluice(ground, { config: { processes, route } });
    const own = { address: `127.0.0.1:${sluice.port}` };
    const port = await freePort();
    sluice.configure({
      processes,
      route,
      listen: [own, { address: `127.0.0.1:${port}`, protocol: 'lmtp', max_message_size: '1MiB' }],
    });
    await sluice.cli('reload');
    await until('it listens', async () => (await saidAt(port)) !== '');
    assert.match(await saidAt(port), /^220 .* LMTP Sluice\r\n.*250-SIZE 1048576\r\n.*221 /su);
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port: taken } = other.address() as AddressInfo;
    sluice.configure({ processes, route, listen: [own, { address: `127.0.0.1:${taken}` }] });
    const failed = await sluice.cli('reload').catch((error: unknown) => String(error));
    other.close();
    await once(other, 'close');
    assert.match(failed, new RegExp(`LISTEN_FAILED.*127\\.0\\.0\\.1:${taken}: the port is in use`, 'su'));
    sluice.configure({ processes, route, listen: [own] });
    await sluice.cli('reload');
    await until('it no longer listens', async () => (await saidAt(port)) === '');
    const mail = { from: 'a@client.test', to: ['b@far.test'], content: 'Message-ID: <x@y>\r\n\r\nHello\r\n' };
    assert.match((await send(sluice.port, mail)).at(-1)!, /^250/u);
    await mx.tally.arrived(1);
  });
}
