// A Postfix instance of its own: private configuration, queue and data directories, one loopback port, a log
// file. Postfix starts only as root.

import { execFileSync } from 'node:child_process';
import { accessSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, listening, type Ground, type Program } from './ground.ts';

const daemons = '/usr/lib/postfix/sbin';

/** Why Postfix cannot be used here, or false. */
export function withoutPostfix(): string | false {
  if (process.getuid?.() !== 0) return 'Postfix needs root';
  try {
    accessSync(join(daemons, 'master'));
    return false;
  } catch {
    return 'Postfix is not installed (Debian: postfix)';
  }
}

export interface PostfixOptions {
  /** Where it listens; a free port unless told. */
  readonly port?: number;
  /** Lines of main.cf that replace or add to those set here. */
  readonly main?: Readonly<Record<string, string>>;
  /** Where its directories go; a folder of the ground unless told. */
  readonly directory?: string;
}

export interface Postfix {
  readonly port: number;
  readonly program: Program;
  readonly queueDirectory: string;
  /** Its log so far. */
  log(): string;
  /** The ids of the messages in its queue, including deferred ones. */
  queued(): string[];
}

const masterCf = `smtp unix - - n - - smtp
relay unix - - n - - smtp
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
tlsproxy unix - - n - 0 tlsproxy
pickup unix n - n 60 1 pickup
postlog unix-dgram n - n - 1 postlogd
`;

export async function startPostfix(
  ground: Ground,
  name: string,
  options: PostfixOptions = {},
): Promise<Postfix> {
  const port = options.port ?? (await freePort());
  const home = options.directory ?? ground.folder(name);
  const directory = (part: string): string => {
    const path = join(home, part);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const config = directory('etc');
  const queueDirectory = directory('queue');
  const log = join(home, 'log');
  execFileSync('chown', ['postfix', directory('data')]);
  const main: Record<string, string> = {
    compatibility_level: '3.6',
    queue_directory: queueDirectory,
    data_directory: directory('data'),
    command_directory: '/usr/sbin',
    daemon_directory: daemons,
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    maillog_file: log,
    maillog_file_prefixes: home,
    in_flow_delay: '0',
    myhostname: `${name}.test`,
    mydestination: '',
    local_recipient_maps: '',
    local_transport: 'error:no local mail here',
    alias_maps: '',
    alias_database: '',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    mynetworks: '127.0.0.0/8',
    smtp_dns_support_level: 'disabled',
    smtpd_client_connection_count_limit: '0',
    smtpd_client_connection_rate_limit: '0',
    smtpd_peername_lookup: 'no',
    disable_vrfy_command: 'no',
    ...options.main,
  };
  const lines = Object.entries(main).map(([key, value]) => `${key} = ${value}\n`);
  writeFileSync(join(config, 'main.cf'), lines.join(''));
  writeFileSync(join(config, 'master.cf'), `127.0.0.1:${port} inet n - n - - smtpd\n${masterCf}`);
  const said = execFileSync('/usr/sbin/postfix', ['-c', config, 'check'], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
  if (said !== '') throw new Error(`postfix check: ${said}`);
  const program = ground.start(name, join(daemons, 'master'), ['-c', config, '-d']);
  await listening(program, port);
  return {
    port,
    program,
    queueDirectory,
    log: () => readFileSync(log, 'utf8'),
    queued: () =>
      ['maildrop', 'incoming', 'active', 'deferred', 'hold'].flatMap((queue) =>
        readdirSync(join(queueDirectory, queue), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => entry.name),
      ),
  };
}
