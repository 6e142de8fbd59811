// A Dovecot of its own as a mailbox server: LMTP at a Unix-domain socket and at a loopback port, Maildirs, quotas. Dovecot starts
// only as root.

import { accessSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { freePort, until, type Ground, type Program } from './ground.ts';

const daemon = '/usr/sbin/dovecot';

/** Why Dovecot cannot be used here, or false. */
export function withoutDovecot(): string | false {
  if (process.getuid?.() !== 0) return 'Dovecot needs root';
  try {
    accessSync('/usr/lib/dovecot/lmtp');
    return false;
  } catch {
    return 'Dovecot is not installed (Debian: dovecot-lmtpd)';
  }
}

export interface DovecotOptions {
  /** Addresses that have a mailbox; with a quota in bytes, if they are to have one. */
  readonly mailboxes: Readonly<Record<string, number | undefined>>;
  /** A mailbox over its quota is a temporary failure (452) and not a permanent one (552). */
  readonly fullIsTemporary?: boolean;
  /** What is stored as the password of an address. */
  readonly passwords?: Readonly<Record<string, string>>;
}

export interface Dovecot {
  /** Of its authentication server, for clients. */
  readonly authSocket: string;
  readonly socket: string;
  readonly port: number;
  /** The messages in a mailbox. */
  mail(address: string): string[];
  /** How many LMTP connections there were. */
  connections(): number;
  start(): Promise<Program>;
}

export async function makeDovecot(ground: Ground, options: DovecotOptions): Promise<Dovecot> {
  const home = ground.folder('dovecot');
  const [socket, mail, users, log] = ['lmtp', 'mail', 'users', 'log'].map((name) => join(home, name)) as [
    string,
    string,
    string,
    string,
  ];
  const port = await freePort();
  mkdirSync(mail);
  execFileSync('chown', ['mail:mail', mail]);
  const lines = Object.entries(options.mailboxes).map(
    ([address, quota]) =>
      `${address}:${options.passwords?.[address] ?? ''}::::::${quota === undefined ? '' : `userdb_quota_rule=*:bytes=${quota}`}\n`,
  );
  writeFileSync(users, lines.join(''));
  const config = join(home, 'dovecot.conf');
  writeFileSync(
    config,
    `base_dir = ${home}/run
state_dir = ${home}/state
log_path = ${log}
protocols = lmtp
listen = 127.0.0.1
ssl = no
first_valid_uid = 1
quota_full_tempfail = ${options.fullIsTemporary === true ? 'yes' : 'no'}
mail_uid = mail
mail_gid = mail
mail_home = ${mail}/%u
mail_location = maildir:${mail}/%u
userdb {
  driver = passwd-file
  args = username_format=%u ${users}
}
passdb {
  driver = passwd-file
  args = username_format=%u ${users}
}
service lmtp {
  unix_listener ${socket} {
    mode = 0600
  }
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${port}
  }
}
plugin {
  quota = maildir:User quota
}
protocol lmtp {
  mail_plugins = quota
}
`,
  );
  return {
    authSocket: join(home, 'run/auth-client'),
    socket,
    port,
    mail: (address) => {
      const folder = join(mail, address, 'new');
      return existsSync(folder)
        ? readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
        : [];
    },
    connections: () => readFileSync(log, 'utf8').split('Connect from').length - 1,
    start: async () => {
      const program = ground.start('dovecot', daemon, ['-F', '-c', config]);
      await until('Dovecot has its socket', () => {
        if (!program.isRunning) throw new Error(`dovecot ended:\n${readFileSync(log, 'utf8')}`);
        return existsSync(socket);
      });
      return program;
    },
  };
}
