// A Dovecot of its own that lets users read Maildirs by IMAP, and by POP3 where that is installed. Dovecot starts only as root.

import { accessSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, until, type Ground } from './ground.ts';

const programs = '/usr/lib/dovecot';

/** Why Dovecot cannot be used here, or false. */
export function withoutDovecotImap(): string | false {
  if (process.getuid?.() !== 0) return 'Dovecot needs root';
  try {
    accessSync(join(programs, 'imap'));
    return false;
  } catch {
    return 'the IMAP of Dovecot is not installed (Debian: dovecot-imapd)';
  }
}

export interface DovecotImapOptions {
  /** What an administrator writes: protocols, where the mail is, and whose it is. */
  readonly settings: string;
  /** Of every user. */
  readonly password: string;
  /** As in `quota_rule`, such as `*:storage=10M`. */
  readonly quota: string;
}

export interface DovecotImap {
  readonly port: number;
  /** Undefined where its POP3 is not installed. */
  readonly pop3Port: number | undefined;
}

export async function startDovecotImap(
  ground: Ground,
  { settings, password, quota }: DovecotImapOptions,
): Promise<DovecotImap> {
  const home = ground.folder('dovecot-imap');
  const [port, pop3] = [await freePort(), await freePort()];
  const hasPop3 = existsSync(join(programs, 'pop3'));
  const log = join(home, 'log');
  const config = join(home, 'dovecot.conf');
  writeFileSync(
    config,
    `${settings}
base_dir = ${home}/run
state_dir = ${home}/state
log_path = ${log}
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
${hasPop3 ? 'protocols = $protocols pop3\npop3_uidl_format = %f\n' : ''}
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = home=${home}/home/%d/%n
}
mail_plugins = quota
plugin {
  quota = maildir:User quota
  quota_rule = ${quota}
}
protocol imap {
  mail_plugins = $mail_plugins imap_quota
}
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
${hasPop3 ? `service pop3-login {\n  inet_listener pop3 {\n    port = ${pop3}\n  }\n  inet_listener pop3s {\n    port = 0\n  }\n}\n` : ''}`,
  );
  const program = ground.start('dovecot', '/usr/sbin/dovecot', ['-F', '-c', config]);
  const said = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  ground.atEnd(() => {
    program.output += said();
  });
  await until('Dovecot runs', () => {
    if (!program.isRunning) throw new Error(`dovecot ended:\n${program.output}${said()}`);
    return said().includes('starting up');
  });
  return { port, pop3Port: hasPop3 ? pop3 : undefined };
}
