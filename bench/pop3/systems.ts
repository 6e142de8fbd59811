// The systems of the POP3 benchmark: Sluice and Dovecot, tuned, which serve the same Maildirs. Neither changes a message.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, until, type Ground } from '../../sim/neighbours/ground.ts';
import { ownProcesses, startSluice } from '../../sim/neighbours/sluice.ts';

export const password = 'secret';

export interface Pop3System {
  readonly name: 'sluice' | 'dovecot';
  readonly port: number;
  /** The process above all that serve POP3. */
  readonly pid: number;
  stop(): Promise<void>;
}

export interface Pop3SystemOptions {
  /** Of the mailboxes: `FOLDER/USER`. */
  readonly folder: string;
  /** Local parts of addresses in `box.test`. */
  readonly users: readonly string[];
  readonly sessions: number;
  /** For CPU profiles of the POP3 process; empty: none. */
  readonly profiles: string;
}

export async function startPop3Sluice(
  ground: Ground,
  { folder, users, sessions, profiles }: Pop3SystemOptions,
): Promise<Pop3System> {
  const directory = ground.folder('sluice');
  const path = join(directory, 'users.jsonl');
  const records = users.map((user) => ({ user: `${user}@box.test`, password: `{PLAIN}${password}` }));
  writeFileSync(
    path,
    [{ domain: 'box.test' }, ...records].map((each) => `${JSON.stringify(each)}\n`).join(''),
  );
  const [smtp, port] = [await freePort(), await freePort()];
  const sluice = await startSluice(ground, {
    directory,
    port: smtp,
    env: profiles === '' ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` },
    config: {
      ...ownProcesses,
      log: { level: 'warn' },
      listen: [{ address: `127.0.0.1:${smtp}` }, { address: `127.0.0.1:${port}`, protocol: 'pop3' }],
      receive: { relay_domains: ['box.test'] },
      directory: [{ name: 'staff', kind: 'users', path }],
      login: { mechanisms_in_clear: ['PLAIN'] },
      mailboxes: { path: join(folder, '${user}') },
      route: [{ name: 'mailboxes', domain: ['box.test'], mailbox: true }],
      pop3: {
        max_connections: sessions + 100,
        max_connections_per_client: sessions + 100,
        mark_seen: false,
      },
    },
  });
  return {
    name: 'sluice',
    port,
    pid: sluice.pidOf('pop3'),
    stop: async () => void (await sluice.program.stop('SIGTERM')),
  };
}

/** Why Dovecot's POP3 cannot be used here, or false. */
export function withoutDovecotPop3(): string | false {
  if (process.getuid?.() !== 0) return 'Dovecot needs root';
  return existsSync('/usr/lib/dovecot/pop3') ? false : 'its POP3 is not installed (Debian: dovecot-pop3d)';
}

export async function startPop3Dovecot(
  ground: Ground,
  { folder, users, sessions }: Pop3SystemOptions,
): Promise<Pop3System> {
  const home = ground.folder('dovecot');
  const port = await freePort();
  const index = join(home, 'index');
  mkdirSync(index);
  execFileSync('chown', ['-R', 'mail:mail', index, folder]);
  const passwords = join(home, 'users');
  writeFileSync(passwords, users.map((user) => `${user}@box.test:{PLAIN}${password}\n`).join(''));
  const config = join(home, 'dovecot.conf');
  // Log-ins by processes that stay, no look at quotas, no change of flags.
  writeFileSync(
    config,
    `base_dir = ${home}/run
state_dir = ${home}/state
log_path = ${home}/log
protocols = pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
first_valid_uid = 1
mail_uid = mail
mail_gid = mail
mail_home = ${folder}/%n
mail_location = maildir:${folder}/%n:INDEX=${index}/%n:CONTROL=${index}/%n
mail_max_userip_connections = ${sessions + 100}
pop3_no_flag_updates = yes
pop3_fast_size_lookups = yes
userdb {
  driver = static
  args = allow_all_users=yes
}
passdb {
  driver = passwd-file
  args = username_format=%u ${passwords}
}
service anvil {
  client_limit = ${sessions * 2 + 2000}
}
service auth {
  client_limit = ${sessions * 2 + 2000}
}
service pop3-login {
  service_count = 0
  client_limit = ${sessions + 200}
  process_min_avail = 1
  vsz_limit = 512M
  inet_listener pop3 {
    port = ${port}
  }
  inet_listener pop3s {
    port = 0
  }
}
service pop3 {
  process_limit = ${sessions + 200}
}
`,
  );
  const program = ground.start('dovecot', '/usr/sbin/dovecot', ['-F', '-c', config]);
  await until('Dovecot runs', () => {
    if (!program.isRunning) throw new Error(`dovecot ended:\n${readFileSync(join(home, 'log'), 'utf8')}`);
    return existsSync(join(home, 'log')) && readFileSync(join(home, 'log'), 'utf8').includes('starting up');
  });
  return {
    name: 'dovecot',
    port,
    pid: program.pid,
    stop: async () => void (await program.stop('SIGTERM')),
  };
}
