// Whether swaks can be used here.

import { spawnSync } from 'node:child_process';

/** Why swaks cannot speak TLS here, or false. */
export function withoutSwaks(): string | false {
  const { status } = spawnSync('swaks', ['--support'], { stdio: 'ignore' });
  if (status !== 0) return 'swaks is not installed (Debian: swaks)';
  const perl = spawnSync('perl', ['-MNet::SSLeay', '-e', '1'], { stdio: 'ignore' });
  return perl.status !== 0 && 'swaks has no TLS (Debian: libnet-ssleay-perl)';
}
