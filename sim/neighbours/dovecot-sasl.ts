// A Dovecot of its own as the authentication server of Postfix: users with their passwords in a file, which it reads again when it
// changes, and tokens that an introspection endpoint (RFC 7662) knows. Dovecot starts only as root.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until, type Ground } from './ground.ts';

export interface DovecotSasl {
  /** For Postfix. */
  readonly socket: string;
  /** Replaces all users. @param passwords - in clear, so that every mechanism can be offered */
  users(passwords: Readonly<Record<string, string>>): void;
}

/** @param introspection - URL of the endpoint that knows tokens; not given: there are none */
export async function startDovecotSasl(
  ground: Ground,
  mechanisms: readonly string[],
  introspection?: string,
): Promise<DovecotSasl> {
  const home = ground.folder('dovecot-sasl');
  const [socket, users, log, tokens] = ['auth', 'users', 'log', 'oauth2'].map((name) => join(home, name)) as [
    string,
    string,
    string,
    string,
  ];
  const setUsers = (passwords: Readonly<Record<string, string>>): void => {
    const lines = Object.entries(passwords).map(([user, password]) => `${user}:{PLAIN}${password}::::::\n`);
    writeFileSync(users, lines.join(''));
  };
  setUsers({});
  writeFileSync(
    tokens,
    `introspection_mode = post
introspection_url = ${introspection ?? ''}
username_attribute = username
active_attribute = active
active_value = true
`,
  );
  mkdirSync(join(home, 'empty'));
  const config = join(home, 'dovecot.conf');
  writeFileSync(
    config,
    `base_dir = ${home}/run
state_dir = ${home}/state
log_path = ${log}
protocols =
listen = 127.0.0.1
ssl = no
first_valid_uid = 1
auth_mechanisms = ${mechanisms.join(' ')}
auth_failure_delay = 0
${
  introspection === undefined
    ? ''
    : `passdb {
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = ${tokens}
}
`
}passdb {
  driver = passwd-file
  args = username_format=%u ${users}
}
userdb {
  driver = static
  args = uid=mail gid=mail home=${home}/empty
}
service auth {
  unix_listener ${socket} {
    mode = 0666
  }
}
`,
  );
  const program = ground.start('dovecot-sasl', '/usr/sbin/dovecot', ['-F', '-c', config]);
  await until('the socket of Dovecot is there', () => {
    if (!program.isRunning) throw new Error(`dovecot ended:\n${readFileSync(log, 'utf8')}`);
    return existsSync(socket);
  });
  return { socket, users: setUsers };
}
