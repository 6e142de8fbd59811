// `sluice check` while Sluice runs with the same file: what it has open itself is no problem, what another program has is one.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import type { StatusAnswer } from '../../src/control/operations/status.ts';
import { parseConfig } from '../../src/config/config.ts';
import { heldAddresses } from '../../src/process/roles/held-addresses.ts';

interface Checked {
  readonly ok: boolean;
  readonly warnings: readonly { readonly key: string; readonly message: string }[];
}

async function otherProgram(
  ground: Ground,
  at: { readonly port: number } | { readonly path: string },
): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.listen({ host: '127.0.0.1', ...at });
  await once(server, 'listening');
  ground.atEnd(async () => {
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
  return server;
}

for (const singleProcess of [false, true]) {
  test(`addresses and sockets of other programs are named, and no own one (${singleProcess ? 'one process' : 'several processes'})`, async (t) => {
    const ground = Ground.of(t);
    const port = await freePort();
    const directory = ground.folder('sluice');
    const theirs = await otherProgram(ground, { port: 0 });
    const { port: theirPort } = theirs.address() as AddressInfo;
    const theirSocket = join(directory, 'theirs.sock');
    await otherProgram(ground, { path: theirSocket });
    const processes = { single_process: singleProcess, ...(singleProcess ? {} : { receivers: 2 }) };
    const own = [
      { address: `127.0.0.1:${port}` },
      { address: `unix:${join(directory, 'own.sock')}`, protocol: 'lmtp' },
    ];
    const base = { processes, receive: { relay_networks: ['127.0.0.0/8'] } };
    const sluice = await startSluice(ground, { directory, port, config: { ...base, listen: own } });
    const checked = async (): Promise<readonly string[]> => {
      const { ok, warnings } = JSON.parse(await sluice.cli('check', '--json')) as Checked;
      assert.ok(ok);
      return warnings
        .map(({ key, message }) => `${key}: ${message}`)
        .filter((each) => /listen|socket/u.test(each));
    };
    assert.deepEqual(await checked(), []);

    const more = [
      ...own,
      { address: `127.0.0.1:${theirPort}` },
      { address: `unix:${theirSocket}` },
      { address: '240.0.0.1:2525' },
    ];
    sluice.configure({ ...base, listen: more });
    const found = [
      `listen[4].address: another program listens at ${theirSocket}`,
      `listen[3].address: the port of 127.0.0.1:${theirPort} is in use by another program`,
      'listen[5].address: this host does not have the address 240.0.0.1',
    ];
    assert.deepEqual(await checked(), found);
    // The same when they are in force, and could not be opened.
    await assert.rejects(sluice.cli('reload'), /LISTEN_FAILED/u);
    await until('status knows of all three', async () => {
      const { troubles } = await sluice.ask<StatusAnswer>({ operation: 'status' });
      return troubles.filter(({ key }) => key.startsWith('listener:')).length >= 3;
    });
    assert.deepEqual(await checked(), found);

    // A port that Sluice has on one address is not free on all of them, and would be after a reload.
    sluice.configure({ ...base, listen: [{ address: `0.0.0.0:${port}` }] });
    assert.deepEqual(await checked(), []);
  });
}

test('an address counts as open until each receiver that opens it has failed', () => {
  const config = parseConfig(
    'hostname = "a.test"\n[processes]\nreceivers = 2\n[[listen]]\naddress = "127.0.0.1:2525"\n[[listen]]\naddress = "unix:/s"\n',
    '/etc/sluice.toml',
  );
  const held = (...troubles: { key: `listener:${string}`; processes: string[] }[]) =>
    heldAddresses(config, troubles).filter((each) => each === '127.0.0.1:2525' || each === 'unix:/s');
  const [tcp, unix] = ['listener:smtp 127.0.0.1:2525', 'listener:smtp unix:/s'] as const;
  assert.deepEqual(held(), ['127.0.0.1:2525', 'unix:/s']);
  assert.deepEqual(held({ key: tcp, processes: ['receiver 2'] }), ['127.0.0.1:2525', 'unix:/s']);
  assert.deepEqual(held({ key: tcp, processes: ['receiver 1', 'receiver 2'] }), ['unix:/s']);
  assert.deepEqual(held({ key: unix, processes: ['receiver 1'] }), ['127.0.0.1:2525']);
});
