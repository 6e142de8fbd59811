// What `sluice user` prints of a user: of stored passwords their kinds only.

import { parseHash } from '../password/parse-hash.ts';
import { accountOf, type UserRecord } from '../directory/record.ts';
import { lacksSecret } from '../directory/scram-secrets.ts';
import type { User } from '../directory/types.ts';
import { formatSize } from '../values/size.ts';
import { quotaText } from './quota-option.ts';

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
  const { user, aliases = [], senders = [], mailbox, disabled = false, applications = [] } = record;
  const rows: readonly Row[] = [
    ...factRows({ ...accountOf(record).user, address: user, aliases, senders, mailbox }),
    ...(disabled ? [['log-in', 'nobody may log in as this user'] as const] : []),
    ['password', `${passwordText(record.password)}${scramText(record)}`],
    ...applications.map(({ name }) => ['application', name] as const),
  ];
  return rowsText(rows);
}

function scramText(record: UserRecord): string {
  if (record.scram !== undefined) return ', and a secret of SCRAM';
  return lacksSecret(accountOf(record))
    ? ', without a secret of SCRAM: clients that prefer SCRAM cannot log in'
    : '';
}

/** What is known of a user in any source. */
export function factsText(user: User): string {
  return rowsText(factRows(user));
}

type Row = readonly [name: string, value: string];

function factRows(user: User): readonly Row[] {
  const {
    address,
    aliases,
    senders,
    mailbox,
    quotaBytes,
    quotaMessages,
    domainQuota,
    forward = [],
    keepCopy,
    autoreply,
  } = user;
  return [
    ['user', address],
    ...aliases.map((each): Row => ['alias', each]),
    ...senders.map((each): Row => ['may send', each]),
    ...(mailbox === undefined ? [] : [['mailbox', mailbox] satisfies Row]),
    ...(quotaBytes === undefined ? [] : [['quota', formatSize(quotaBytes)] satisfies Row]),
    ...(quotaMessages === undefined ? [] : [['messages', `${quotaMessages} at most`] satisfies Row]),
    ...(domainQuota === undefined ? [] : [['domain', quotaText(domainQuota)] satisfies Row]),
    ...forward.map((each): Row => ['forward', each]),
    ...(keepCopy === true ? [['copy', 'kept in the mailbox'] satisfies Row] : []),
    ...(autoreply === undefined
      ? []
      : [['autoreply', autoreply.text.replaceAll(/\s+/gu, ' ')] satisfies Row]),
  ];
}

function rowsText(rows: readonly Row[]): string {
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
