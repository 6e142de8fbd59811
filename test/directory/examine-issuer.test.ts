// What `sluice check` says about issuers of tokens.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TokenCheckConfig } from '../../src/config/token-issuer-config.ts';
import { examineIssuer } from '../../src/directory/tokens/examine-issuer.ts';
import { makeAuthority } from '../support/certificates.ts';
import { startIssuer, testKey } from '../support/token-issuer.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('an issuer whose keys are there has no problems; otherwise it says which and why', async (t) => {
  const folder = temporaryFolder(t, 'examine-issuer');
  const issuer = await startIssuer();
  folder.atEnd(() => issuer.close());
  issuer.set('/keys', { keys: [testKey('ES256').jwk] });
  const write = (name: string, text: string, mode = 0o600): string => {
    const path = join(folder.path, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const authority = write('ca.pem', makeAuthority().certificate);
  const keys = { kind: 'keys', algorithms: ['ES256'], refreshMs: 3_600_000 } as const;
  const url = (path: string): TokenCheckConfig => ({
    ...keys,
    place: { kind: 'url', url: `${issuer.url}${path}` },
  });
  const file = (path: string): TokenCheckConfig => ({ ...keys, place: { kind: 'file', path } });
  const asks = (secretFile: string, at = 'https://id.example.com/i'): TokenCheckConfig => ({
    kind: 'introspection',
    url: at,
    clientId: 'sluice',
    secret: { kind: 'file', path: secretFile },
    cacheMs: 0,
  });
  const check = async (how: TokenCheckConfig, ca = authority): Promise<string[]> => {
    const settings = {
      name: 'test',
      issuer: issuer.url,
      check: how,
      audience: ['mail'],
      claim: 'email',
      scopes: [],
    };
    const found = await examineIssuer({ ...settings, domains: [], leewayMs: 0, timeoutMs: 5_000, ca });
    return found.map(
      ({ key, problem }) => `${key}: ${problem.replaceAll(folder.path, '').replaceAll(issuer.url, '')}`,
    );
  };
  assert.deepEqual(await check(url('/keys')), []);
  assert.deepEqual(await check(url('/elsewhere')), ['jwks_url: /elsewhere: it answered 404']);
  assert.deepEqual(await check({ ...keys, place: { kind: 'discovery' } }), [
    'issuer: /.well-known/openid-configuration: it answered 404',
  ]);
  assert.deepEqual(await check(file(write('keys.json', '{"keys":[]}', 0o666))), [
    'jwks_file: /keys.json: it has no key that can check signatures',
    'jwks_file: /keys.json: every user of this host may write to it, and so make tokens (chmod o-w)',
  ]);
  assert.deepEqual(await check(asks(write('secret', 'x\n'))), []);
  assert.deepEqual(await check(asks(write('open', 'x\n', 0o644), 'http://id.example.com/i')), [
    'introspection_url: http://id.example.com/i: it is asked in clear, so whoever is on the way can make tokens; use https',
    'client_secret_file: /open: every user of this host may read or write it, and it holds a secret (chmod o-rw)',
  ]);
  assert.match((await check(asks('/nowhere'))).join('\n'), /^client_secret_file: ENOENT/);
  assert.deepEqual(await check(url('/keys'), write('none.pem', 'nothing')), [
    'ca: /none.pem: it holds no certificate in PEM form',
  ]);
});
