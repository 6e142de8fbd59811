// OpenDKIM (Debian: opendkim) as a milter that signs: started for one Postfix, on a Unix socket.

import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Ground, type Program, until } from '../../sim/neighbours/ground.ts';
import { usualNames } from '../../src/dkim/signed-names.ts';

/** Why OpenDKIM cannot be used here, or false. */
export function withoutOpenDkim(): string | false {
  const isThere = spawnSync('opendkim', ['-V'], { stdio: 'ignore' }).status === 0;
  return !isThere && 'OpenDKIM is not installed (Debian: opendkim)';
}

export interface SigningKeyFile {
  /** `d=`, and whose mail is signed. */
  readonly domain: string;
  readonly selector: string;
  /** PEM. */
  readonly file: string;
}

export interface OpenDkim {
  readonly program: Program;
  /** For Postfix's `smtpd_milters`. */
  readonly milter: string;
}

/** Signs in the form and with the fields that Sluice does. */
export async function startOpenDkim(ground: Ground, key: SigningKeyFile): Promise<OpenDkim> {
  // A path of a Unix socket is short, and Postfix's user has to reach it.
  const folder = ground.memoryFolder('milter');
  chmodSync(folder, 0o755);
  const socket = join(folder, 'socket');
  const names = usualNames.overSigned.join(',');
  const settings = {
    Mode: 's',
    Background: 'no',
    Syslog: 'no',
    Socket: `local:${socket}`,
    UMask: '000',
    Domain: key.domain,
    Selector: key.selector,
    KeyFile: key.file,
    RequireSafeKeys: 'no',
    InternalHosts: '127.0.0.0/8',
    Canonicalization: 'relaxed/relaxed',
    SignatureAlgorithm: 'rsa-sha256',
    SignHeaders: [...usualNames.overSigned, ...usualNames.ifPresent].join(','),
    OversignHeaders: names,
  };
  const config = join(ground.folder('opendkim'), 'opendkim.conf');
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([name, value]) => `${name} ${value}\n`)
      .join(''),
  );
  const program = ground.start('opendkim', 'opendkim', ['-f', '-x', config]);
  await until('opendkim listens', async () => {
    if (!program.isRunning) throw new Error(`opendkim ended before it listened:\n${program.output}`);
    const client = connect(socket);
    const isOpen = await once(client, 'connect').then(
      () => true,
      () => false,
    );
    client.destroy();
    return isOpen;
  });
  return { program, milter: `unix:${socket}` };
}
