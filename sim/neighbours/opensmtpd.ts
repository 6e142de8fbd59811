// An OpenSMTPD instance of its own. Its paths and users are fixed when it is built, so it runs in a mount
// namespace that shows it private ones; nothing on the machine changes. Debian's package conflicts with Postfix's:
// .ci/run unpacks it below var/ instead of installing it.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, listening, type Ground, type Program } from './ground.ts';

const unpacked = join(import.meta.dirname, '../../var/interop/opensmtpd');
const root = existsSync('/usr/libexec/opensmtpd') ? '/' : unpacked;

/** Why OpenSMTPD cannot be used here, or false. */
export function withoutOpenSmtpd(): string | false {
  if (!existsSync(join(root, 'usr/sbin/smtpd'))) return 'OpenSMTPD is not unpacked (see .ci/run)';
  if (process.getuid?.() !== 0) return 'OpenSMTPD needs root';
  try {
    execFileSync('unshare', ['--mount', '--propagation', 'private', 'true'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'OpenSMTPD needs a mount namespace, and this machine does not allow one';
  }
}

export interface OpenSmtpd {
  readonly port: number;
  readonly program: Program;
}

const users = `opensmtpd:x:990:990::/var/lib/opensmtpd/empty:/usr/sbin/nologin
opensmtpq:x:991:991::/var/lib/opensmtpd/empty:/usr/sbin/nologin
`;
const groups = 'opensmtpd:x:990:\nopensmtpq:x:991:\n';

/**
 * Starts OpenSMTPD as a relay that sends all mail to one port of this host.
 * @param scheme - how it relays: `smtp` is under TLS where it can, `smtp+tls` and `smtps` always
 * @param refused - a recipient that it refuses
 */
export async function startOpenSmtpd(
  ground: Ground,
  relayPort: number,
  scheme: 'smtp' | 'smtp+tls' | 'smtps' = 'smtp',
  refused: string | null = null,
): Promise<OpenSmtpd> {
  const port = await freePort();
  const home = ground.folder('opensmtpd');
  const own = (name: string, text: string): string => {
    const path = join(home, name);
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  };
  const passwd = own('passwd', readFileSync('/etc/passwd', 'utf8') + users);
  const group = own('group', readFileSync('/etc/group', 'utf8') + groups);
  // It looks up the name of every client. This address refuses the queries at once, so that it does not wait.
  const resolver = own('resolv.conf', 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  const config = own(
    'smtpd.conf',
    `listen on 127.0.0.1 port ${port} hostname opensmtpd.test
action out relay host ${scheme}://127.0.0.1:${relayPort} ${scheme === 'smtp' ? '' : 'tls no-verify '}helo opensmtpd.test
${refused === null ? '' : `match from any for rcpt-to "${refused}" reject\n`}match from any for any action out
`,
  );
  const script = `set -e
mount --bind ${passwd} /etc/passwd
mount --bind ${group} /etc/group
mount --bind ${resolver} /etc/resolv.conf
mount -t tmpfs tmpfs /var/spool && mkdir -m 711 /var/spool/smtpd
mount -t tmpfs tmpfs /var/lib && mkdir -p /var/lib/opensmtpd/empty
mount -t tmpfs tmpfs /run
exec ${join(root, 'usr/sbin/smtpd')} -d -f ${config}
`;
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', script];
  const program = ground.start('opensmtpd', 'unshare', args);
  await listening(program, port);
  return { port, program };
}
