// A PostgreSQL of its own, at a Unix-domain socket and at a loopback port, with passwords by SCRAM.

import { execFileSync } from 'node:child_process';
import { chownSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, until, type Ground, type Program } from './ground.ts';

/** Where Debian has the programs; empty without them. */
function programs(): string {
  try {
    const [newest] = readdirSync('/usr/lib/postgresql').toSorted().toReversed();
    return newest === undefined ? '' : join('/usr/lib/postgresql', newest, 'bin');
  } catch {
    return '';
  }
}

/** Why PostgreSQL cannot be used here, or false. */
export function withoutPostgresql(): string | false {
  if (process.getuid?.() !== 0) return 'PostgreSQL is started as its own user, which needs root';
  return programs() === '' ? 'PostgreSQL is not installed (Debian: postgresql)' : false;
}

export interface Postgresql {
  readonly port: number;
  /** The folder of its socket. */
  readonly folder: string;
  /** Of the user postgres. */
  readonly password: string;
  start(): Promise<Program>;
  run(sql: string): Promise<string>;
}

export async function makePostgresql(ground: Ground): Promise<Postgresql> {
  const bin = programs();
  const folder = ground.folder('postgresql');
  const [uid, gid] = ['-u', '-g'].map((option) =>
    Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' })),
  );
  chownSync(folder, uid ?? -1, gid ?? -1);
  const [data, passwordFile, password] = [join(folder, 'data'), join(folder, 'password'), 'of postgres'];
  writeFileSync(passwordFile, `${password}\n`);
  const asPostgres = (program: string, ...args: readonly string[]): readonly string[] => [
    '--reuid=postgres',
    '--regid=postgres',
    '--clear-groups',
    '--',
    join(bin, program),
    ...args,
  ];
  const options = [
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--no-sync',
    '--encoding=UTF8',
    '--locale=C',
  ];
  await ground.run('setpriv', asPostgres('initdb', '-D', data, ...options));
  const port = await freePort();
  const run = (sql: string): Promise<string> =>
    ground.run(
      join(bin, 'psql'),
      ['-h', folder, '-p', String(port), '-U', 'postgres', '-v', 'ON_ERROR_STOP=1', '-qAtc', sql],
      {
        env: { ...process.env, PGPASSWORD: password },
      },
    );
  return {
    port,
    folder,
    password,
    run,
    start: async () => {
      const settings = [
        `listen_addresses=127.0.0.1`,
        `port=${port}`,
        `unix_socket_directories=${folder}`,
        'fsync=off',
      ];
      const program = ground.start(
        'postgresql',
        'setpriv',
        asPostgres('postgres', '-D', data, ...settings.flatMap((each) => ['-c', each])),
      );
      // By SIGTERM it would wait for its clients.
      ground.atEnd(async () => {
        if (program.isRunning) await program.stop('SIGINT');
      });
      await until('PostgreSQL answers', () => program.output.includes('ready to accept connections'));
      return program;
    },
  };
}
