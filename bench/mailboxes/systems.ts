// The systems of the benchmark of deliveries into mailboxes: Sluice's own Maildirs, Postfix's virtual(8), and Sluice that hands mail to Dovecot's LMTP. All
// answer only for mail that is on stable storage, and none logs deliveries.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until, type Ground } from '../../sim/neighbours/ground.ts';
import { startPostfix } from '../../sim/neighbours/postfix.ts';
import { ownProcesses, type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';

export const domain = 'box.test';

export interface MailboxSystem {
  readonly name: string;
  /** Takes mail by SMTP. */
  readonly port: number;
  /** The processes above all others of the system. */
  readonly pids: readonly number[];
  /** Where the mailbox of a user is. */
  readonly folderOf: (user: string) => string;
  stop(): Promise<void>;
}

export interface MailboxSystemOptions {
  /** Local parts of addresses. */
  readonly users: readonly string[];
  /** Deliveries at the same time. */
  readonly atOnce: number;
  /** For CPU profiles of Sluice's processes; empty: none. */
  readonly profiles: string;
}

function writeUsers(directory: string, users: readonly string[]): string {
  const path = join(directory, 'users.jsonl');
  const records = [{ domain }, ...users.map((user) => ({ user: `${user}@${domain}`, password: '{PLAIN}x' }))];
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return path;
}

export async function sluiceMailboxes(
  ground: Ground,
  { users, profiles }: MailboxSystemOptions,
): Promise<MailboxSystem> {
  const directory = ground.folder('sluice');
  const mail = ground.folder('sluice-mail');
  const sluice = await startSluice(ground, {
    directory,
    startMs: 120_000,
    env: profiles === '' ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` },
    config: {
      ...ownProcesses,
      log: { level: 'warn' },
      receive: { relay_domains: [domain], max_connections_per_client: 200 },
      directory: [{ name: 'staff', kind: 'users', path: writeUsers(directory, users) }],
      mailboxes: { path: join(mail, '${user}') },
      route: [{ name: 'mailboxes', domain: [domain], mailbox: true }],
    },
  });
  return {
    name: 'Sluice',
    port: sluice.port,
    pids: [sluice.program.pid],
    folderOf: (user) => join(mail, user),
    stop: async () => void (await sluice.program.stop('SIGTERM')),
  };
}

export async function postfixVirtual(
  ground: Ground,
  { users, atOnce }: MailboxSystemOptions,
): Promise<MailboxSystem> {
  const mail = ground.folder('postfix-mail');
  execFileSync('chown', ['mail:mail', mail]);
  const maps = join(ground.folder('postfix-maps'), 'mailboxes');
  writeFileSync(maps, users.map((user) => `${user}@${domain} ${user}/\n`).join(''));
  const postfix = await startPostfix(ground, 'postfix', {
    main: {
      virtual_mailbox_domains: domain,
      virtual_mailbox_base: mail,
      virtual_mailbox_maps: `texthash:${maps}`,
      virtual_uid_maps: 'static:8',
      virtual_gid_maps: 'static:8',
      virtual_minimum_uid: '1',
      virtual_mailbox_limit: '0',
      default_process_limit: String(atOnce * 2),
      virtual_destination_concurrency_limit: String(atOnce),
      initial_destination_concurrency: String(atOnce),
      in_flow_delay: '0',
      max_use: '1000000',
      max_idle: '3600s',
      maillog_file: '',
      append_dot_mydomain: 'no',
      local_header_rewrite_clients: '',
      smtpd_recipient_restrictions: 'permit_mynetworks,reject',
    },
  });
  return {
    name: 'Postfix',
    port: postfix.port,
    pids: [postfix.program.pid],
    folderOf: (user) => join(mail, user),
    stop: async () => void (await postfix.program.stop('SIGTERM')),
  };
}

export async function dovecotBehindSluice(
  ground: Ground,
  { atOnce }: MailboxSystemOptions,
): Promise<MailboxSystem> {
  const home = ground.folder('dovecot');
  const mail = join(home, 'mail');
  mkdirSync(mail);
  execFileSync('chown', ['mail:mail', mail]);
  const [config, socket, log] = [join(home, 'dovecot.conf'), join(home, 'lmtp'), join(home, 'log')];
  // No quotas, no Sieve, processes that stay.
  writeFileSync(
    config,
    `base_dir = ${home}/run
state_dir = ${home}/state
log_path = ${log}
mail_log_prefix =
protocols = lmtp
ssl = no
first_valid_uid = 1
mail_uid = mail
mail_gid = mail
mail_home = ${mail}/%n
mail_location = maildir:${mail}/%n
passdb {
  driver = static
  args = nopassword=yes
}
userdb {
  driver = static
  args = allow_all_users=yes
}
service lmtp {
  process_min_avail = ${atOnce}
  process_limit = ${atOnce * 2}
  service_count = 0
  unix_listener ${socket} {
    mode = 0600
  }
}
`,
  );
  const dovecot = ground.start('dovecot', '/usr/sbin/dovecot', ['-F', '-c', config]);
  await until('Dovecot runs', () => {
    if (!dovecot.isRunning) throw new Error(`dovecot ended:\n${readFileSync(log, 'utf8')}`);
    try {
      return readFileSync(log, 'utf8').includes('starting up');
    } catch {
      return false;
    }
  });
  const relay: SluiceConfig = {
    ...ownProcesses,
    log: { level: 'warn' },
    receive: { relay_domains: [domain], max_connections_per_client: 200 },
    deliver: { max_connections: atOnce },
    limit: ['domain', 'site', 'ip'].map((per) => ({ per, connections: atOnce })),
    route: [{ name: 'dovecot', domain: [domain], lmtp: [`unix:${socket}`] }],
  };
  const sluice = await startSluice(ground, {
    directory: ground.folder('sluice-lmtp'),
    config: relay,
    startMs: 120_000,
  });
  return {
    name: 'Dovecot by LMTP',
    port: sluice.port,
    pids: [sluice.program.pid, dovecot.pid],
    folderOf: (user) => join(mail, user),
    stop: async () => {
      await sluice.program.stop('SIGTERM');
      await dovecot.stop('SIGTERM');
    },
  };
}
