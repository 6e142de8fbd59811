// What `sluice user show` prints of a user: of stored passwords their kinds only.

import { parseHash } from '../password/parse-hash.ts';
import type { UserRecord } from '../directory/record.ts';
import { formatSize } from '../values/size.ts';

/** How each kind of stored password is called. */
const namesOfKinds = {
  plain: 'the password itself, readable',
  digest: 'a digest, which is quick to guess',
  'des-crypt': 'DES crypt, which is weak',
  'md5-crypt': 'MD5 crypt, which is weak',
  'sha-crypt': 'SHA crypt',
  bcrypt: 'bcrypt',
  argon2: 'Argon2',
  scrypt: 'scrypt',
  pbkdf2: 'PBKDF2',
  scram: 'a secret of SCRAM',
} as const;

export function userText(record: UserRecord): string {
  const { user, aliases = [], senders = [], mailbox, quota, disabled = false, applications = [] } = record;
  const rows: readonly (readonly [string, string])[] = [
    ['user', user],
    ...aliases.map((each) => ['alias', each] as const),
    ...senders.map((each) => ['may send', each] as const),
    ...(mailbox === undefined ? [] : [['mailbox', mailbox] as const]),
    ...(quota === undefined ? [] : [['quota', formatSize(quota)] as const]),
    ...(disabled ? [['log-in', 'nobody may log in as this user'] as const] : []),
    [
      'password',
      `${passwordText(record.password)}${record.scram === undefined ? '' : ', and a secret of SCRAM'}`,
    ],
    ...applications.map(({ name }) => ['application', name] as const),
  ];
  return rows.map(([name, value]) => `${name.padEnd(12)}${value}\n`).join('');
}

function passwordText(stored: string | undefined): string {
  if (stored === undefined) return 'none: the user cannot log in';
  const read = parseHash(stored);
  switch (read.kind) {
    case 'hash':
      return namesOfKinds[read.hash.kind];
    case 'none':
      return 'none, or a locked one: the user cannot log in';
    case 'refused':
      return `not usable: ${read.reason}. ${read.advice}`;
  }
}
