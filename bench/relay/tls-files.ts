// A key and its certificate, for the systems and the sink of the relay benchmark under TLS.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ground } from '../../sim/neighbours/ground.ts';
import { selfSigned } from '../../test/support/certificates.ts';

export interface TlsFiles {
  readonly key: string;
  readonly chain: string;
}

export function tlsFiles(ground: Ground): TlsFiles {
  const folder = ground.folder('tls');
  const { key, chain } = selfSigned({ names: ['bench.test'] });
  const files = { key: join(folder, 'key.pem'), chain: join(folder, 'chain.pem') };
  writeFileSync(files.key, key, { mode: 0o600 });
  writeFileSync(files.chain, chain);
  return files;
}
