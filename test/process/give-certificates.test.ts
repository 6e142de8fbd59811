// Which process gets what of certificates: each key goes only to those that use it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { type Child, newChildren } from '../../src/process/supervise/child.ts';
import { giveCertificates } from '../../src/process/supervise/give-certificates.ts';
import type { TlsMaterial } from '../../src/tls/tls-material.ts';
import { selfSigned } from '../support/certificates.ts';

test('receivers and senders get the keys that they use, the control process facts without keys, the others nothing', () => {
  const { chain, key } = selfSigned();
  const material: TlsMaterial = {
    certificates: [{ chain, key, keyType: 'ecdsa', names: [] }],
    ticketKeys: { current: 'c2VjcmV0', former: '' },
    authorities: {},
  };
  const identities = { '/client.pem': { chain, key } };
  const processes = { receivers: 2, senders: 2, singleProcess: false };
  const { directory, listen } = parseConfig(
    '[[directory]]\nname = "users"\nkind = "users"\npath = "users"\n[[listen]]\naddress = "127.0.0.1:110"\nprotocol = "pop3"\n',
    'test',
  );
  const [users] = directory;
  assert.ok(users !== undefined);
  const told = newChildren({ processes, directory: [users], signingKey: [], listen }).map((child) => {
    const heard: unknown[] = [];
    const running = { connected: true, send: (message: unknown) => heard.push(message) };
    giveCertificates(
      { ...child, process: running as unknown as Child['process'] },
      { material, identities, facts: [] },
    );
    return [child.name, heard];
  });
  assert.deepEqual(told, [
    ['manager', []],
    ['sender', [{ kind: 'identities', identities }]],
    ['sender', [{ kind: 'identities', identities }]],
    ['receiver', [{ kind: 'certificates', material }]],
    ['receiver', [{ kind: 'certificates', material }]],
    ['keys', []],
    ['pop3', [{ kind: 'certificates', material }]],
    ['control', [{ kind: 'served', certificates: [] }]],
  ]);
});
