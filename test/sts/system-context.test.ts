// The context with the authorities of the system: they are those of the system, and whoever waits has turns meanwhile.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tls from 'node:tls';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { contextOf } from '../../src/sts/system-context.ts';
import { makeAuthority } from '../support/certificates.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const source = fileURLToPath(new URL('../../src/sts/system-context.ts', import.meta.url));

/** A server, and the code by which a client with a context refuses its certificate; null when it does not. */
async function refusalBy(secureContext: tls.SecureContext, { chain, key }: { chain: string; key: string }) {
  const server = tls.createServer({ cert: chain, key }, (socket) => socket.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = tls.connect({
    host: '127.0.0.1',
    port,
    secureContext,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  await once(client, 'secureConnect');
  const { authorizationError } = client;
  client.destroy();
  server.close();
  await once(server, 'close');
  return authorizationError;
}

test('each of the authorities is trusted, and no other one; others have turns while they are put in', async () => {
  const authorities = Array.from({ length: 35 }, (_, index) => makeAuthority({ name: `Root ${index}` }));
  let turns = 0;
  let isDone = false;
  const turn = (): void => {
    turns++;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  const context = await contextOf(authorities.map(({ certificate }) => certificate));
  isDone = true;
  assert.ok(turns >= 3, `${turns} turns`);
  for (const index of [0, 9, 10, 34]) {
    const leaf = authorities[index]?.issue() ?? assert.fail();
    assert.equal(await refusalBy(context, leaf), null);
  }
  assert.equal(await refusalBy(context, makeAuthority().issue()), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
});

test('the authorities are those of the system', async (t) => {
  const { path } = temporaryFolder(t, 'authorities');
  const authority = makeAuthority();
  const leaf = authority.issue();
  writeFileSync(join(path, 'root.pem'), authority.certificate);
  const program = `
    import { createServer, connect } from 'node:tls';
    const { systemContext } = await import(${JSON.stringify(source)});
    const secureContext = await systemContext();
    const server = createServer(${JSON.stringify({ cert: leaf.chain, key: leaf.key })}, (s) => s.end());
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      const client = connect({ host: '127.0.0.1', port, secureContext, rejectUnauthorized: false, checkServerIdentity: () => undefined });
      client.on('secureConnect', () => { console.log(String(client.authorizationError)); client.destroy(); server.close(); });
    });
  `;
  const run = async (env: NodeJS.ProcessEnv): Promise<string> => {
    const options = { env: { ...process.env, ...env } };
    const args = ['--input-type=module', '-e', program];
    return (await promisify(execFile)(process.execPath, args, options)).stdout.trim();
  };
  assert.equal(await run({ SSL_CERT_FILE: join(path, 'root.pem'), SSL_CERT_DIR: path }), 'null');
  assert.equal(
    await run({ SSL_CERT_FILE: '/dev/null', SSL_CERT_DIR: '/none' }),
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  );
});
