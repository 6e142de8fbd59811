// [[directory]]: where users and domains are known, and [login]: how their passwords are checked.

import { z } from 'zod';

import {
  duration,
  expected,
  key,
  listOf,
  oneOf,
  size,
  tableOf,
  textOf,
  wholeNumber,
  yesNo,
} from './fields.ts';
import { recipientDomains } from './lists.ts';
import { postgresqlConnection, postgresqlQueryProblem } from './postgresql-keys.ts';
import { lookupQuery, subaddressSeparators, tableName } from './texts.ts';
import { parseDomain } from '../../values/domain.ts';
import { mechanismNames } from '../../values/login-mechanism.ts';
import { parseNetwork } from '../../values/network.ts';
import { parseRate } from '../../values/rate.ts';
import { ValueError } from '../../values/value-error.ts';

/** The kinds of sources, in the order of the documentation. */
const sourceKinds = [
  'users',
  'sqlite',
  'postgresql',
  'passwd',
  'vpopmail',
  'dovecot',
  'checkpassword',
] as const;

const source = tableOf({
  name: key(
    textOf('a name such as "staff"', tableName),
    'The name of the source, for commands and the log: letters, digits, ".", "_" and "-".',
    { example: '"staff"' },
  ),
  kind: key(
    oneOf(sourceKinds),
    'What it is. "users": the file of Sluice\'s own directory, which "sluice user" and "sluice domain" write. "sqlite": a database of SQLite, with the tables that these commands make, or any that query asks. "postgresql": a database of PostgreSQL. "passwd": a file in the form of Dovecot\'s passwd-file. "vpopmail": the domains of vpopmail. "dovecot" and "checkpassword" check passwords and tell nothing else: the socket of Dovecot\'s authentication server, and a program.',
    { example: '"users"' },
  ),
  path: key(
    z
      .string({ error: expected('the name of a file or folder') })
      .min(1, 'must not be empty')
      .optional(),
    'The file; for "vpopmail" the folder with the domains, or the file users/assign of qmail; for "dovecot" the socket. A relative path starts at the folder of the configuration file. The user of the keys process must be able to read it.',
    {
      defaultText: 'none: all kinds but "checkpassword" and "postgresql" need one',
      example: '"/etc/sluice/users.jsonl"',
    },
  ),
  connection: key(
    textOf('a connection such as "postgresql://sluice@127.0.0.1:5432/mail"', postgresqlConnection).optional(),
    'For "postgresql": where the database is, without a password. "?host=/run/postgresql" behind it names the folder of a Unix-domain socket, and "?sslmode=verify-full" demands TLS.',
    { example: '"postgresql://sluice@127.0.0.1:5432/mail"' },
  ),
  password_file: key(
    z
      .string({ error: expected('the name of a file') })
      .min(1, 'must not be empty')
      .optional(),
    'For "postgresql": a file with the password, which the keys process reads. A relative path starts at the folder of the configuration file.',
    { example: '"/etc/sluice/postgresql.password"' },
  ),
  command: key(
    listOf(
      z.string({ error: expected('a word of a command') }).min(1),
      'words such as ["/bin/checkpassword"]',
    )
      .min(1, 'must name a program')
      .optional(),
    'For "checkpassword": the program, by its absolute path, and its arguments. It is run as the user of the keys process for each log-in that is not remembered.',
    { example: '["/usr/local/bin/checkpassword-pam", "-s", "smtp", "--"]' },
  ),
  domain: key(recipientDomains().optional(), 'The source is asked about users of these domains only.', {
    defaultText: 'all',
    example: '["example.com"]',
  }),
  key: key(
    oneOf(['address', 'local_part']).optional(),
    'For "passwd", "sqlite" and "postgresql": what is looked up, the whole address or only the part before the @.',
    { defaultText: '"address"', example: '"local_part"' },
  ),
  query: key(
    z
      .string({ error: expected('a query such as "SELECT password FROM users WHERE address = ?"') })
      .optional(),
    'For "sqlite" and "postgresql": a query with one parameter, the key, written as ? for SQLite and as $1 for PostgreSQL. Its columns are named password, scram, mailbox, quota, quota_messages, domain_quota, domain_quota_messages, aliases, senders, forward, keep_copy, autoreply and disabled, as far as there are any.',
    {
      defaultText: "one for the tables of Sluice's own directory",
      example: '"SELECT password, home AS mailbox FROM accounts WHERE address = ?"',
    },
  ),
  timeout: key(
    duration(1).optional(),
    'For "sqlite", "postgresql", "dovecot" and "checkpassword": the time for one look-up or password. After it, the source cannot tell, and what depends on it is answered with temporary errors.',
    { defaultText: '5s for databases, 20s for the others', example: '"5s"' },
  ),
  cache: key(
    size(0, 1024 ** 3).optional(),
    'For "sqlite" and "postgresql": memory for answers that are kept. 0 keeps none.',
    {
      defaultText: '4MiB',
      example: '"16MiB"',
    },
  ),
  cache_time: key(
    duration().optional(),
    'For "sqlite" and "postgresql": what was found is kept for this time, so that changes of the database are seen after it. For "dovecot" and "checkpassword": a password that was right is taken without asking again for this time, also when it was changed meanwhile.',
    { defaultText: '5s for databases, 0s for the others', example: '"1m"' },
  ),
  negative_cache_time: key(
    duration().optional(),
    'For "sqlite" and "postgresql": that a user is not there is kept for this time.',
    { defaultText: '5s', example: '"30s"' },
  ),
});

/** The keys that a kind cannot do without. */
const neededBy: Readonly<
  Partial<Record<SourceKind, readonly ('path' | 'command' | 'connection' | 'query')[]>>
> = {
  checkpassword: ['command'],
  postgresql: ['connection', 'query'],
};

type SourceKind = (typeof sourceKinds)[number];

function queryProblem(kind: SourceKind, query: string): string | undefined {
  if (kind === 'postgresql') return postgresqlQueryProblem(query);
  try {
    lookupQuery(query);
    return undefined;
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return error.message;
  }
}

const onlyFor = {
  path: ['users', 'sqlite', 'passwd', 'vpopmail', 'dovecot'],
  command: ['checkpassword'],
  connection: ['postgresql'],
  password_file: ['postgresql'],
  key: ['passwd', 'sqlite', 'postgresql'],
  query: ['sqlite', 'postgresql'],
  timeout: ['sqlite', 'postgresql', 'dovecot', 'checkpassword'],
  cache: ['sqlite', 'postgresql'],
  cache_time: ['sqlite', 'postgresql', 'dovecot', 'checkpassword'],
  negative_cache_time: ['sqlite', 'postgresql'],
} as const satisfies Readonly<Record<string, readonly (typeof sourceKinds)[number][]>>;

/** All sources, in the order in which they are asked. No two have the same name. */
export const directories = listOf(source, 'tables: [[directory]]').superRefine((all, context) => {
  for (const [index, given] of all.entries()) {
    const earlier = all.findIndex((each) => each.name === given.name);
    if (earlier < index) {
      const message = `this name is already in directory[${earlier + 1}]`;
      context.addIssue({ code: 'custom', message, path: [index, 'name'] });
    }
    for (const needed of neededBy[given.kind] ?? ['path']) {
      if (given[needed] !== undefined) continue;
      const message = `a source of kind "${given.kind}" needs ${needed}`;
      context.addIssue({ code: 'custom', message, path: [index] });
    }
    const problem = given.query === undefined ? undefined : queryProblem(given.kind, given.query);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem, path: [index, 'query'] });
    if (given.command !== undefined && given.command[0]?.startsWith('/') !== true) {
      const message = 'must begin with the absolute path of a program';
      context.addIssue({ code: 'custom', message, path: [index, 'command'] });
    }
    for (const [name, kinds] of Object.entries(onlyFor)) {
      if (given[name as keyof typeof onlyFor] === undefined || kinds.some((kind) => kind === given.kind))
        continue;
      const message = `is only for sources of kind ${kinds.map((kind) => `"${kind}"`).join(' or ')}, and this one is of kind "${given.kind}"`;
      context.addIssue({ code: 'custom', message, path: [index, name] });
    }
  }
});

/** [login] */
const inClear = ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'] as const;

function failureRate() {
  return textOf('a rate such as "10/hour"', parseRate);
}

const mechanismsForm = 'mechanisms such as ["PLAIN", "LOGIN"]';

export const login = tableOf({
  default_domain: key(
    textOf('a domain such as "example.com"', parseDomain).optional(),
    'The domain of users who log in by a name without one.',
    { defaultText: 'none: such a name is looked up as it is', example: '"example.com"' },
  ),
  mechanisms: key(
    listOf(oneOf(mechanismNames), mechanismsForm).optional(),
    'The mechanisms that are offered under TLS, the best first. One with PLUS is bound to the TLS connection: leave it out where a front end ends TLS and begins another one to Sluice. OAUTHBEARER and XOAUTH2 are offered only where there is a [[token_issuer]], and EXTERNAL only to clients with a certificate by login_ca of the listener.',
    {
      defaultText: `[${mechanismNames.map((name) => `"${name}"`).join(', ')}]; without SCRAM where a source of users has no secrets for it: that is, any but "users", "sqlite" without query, and queries with a column named scram`,
      example: '["PLAIN", "LOGIN"]',
    },
  ),
  mechanisms_in_clear: key(
    listOf(oneOf(inClear), mechanismsForm).prefault([]),
    'Those of them that are offered in clear, too. With PLAIN and LOGIN, whoever reads along has the password.',
    { example: '["PLAIN"]' },
  ),
  senders: key(
    oneOf(['own', 'listed', 'any']).default('own'),
    'Senders (MAIL FROM) that users may use: "own": their address, their aliases, and what their source lists as senders; "listed": only what it lists; or "any". Another one is answered 553. The null sender is always taken.',
  ),
  check_from: key(
    yesNo().default(true),
    'Whether the From and Sender fields of a message must name such senders, too, since these are what people see. A message with others is answered 550 at its end. With "any", they are not looked at.',
  ),
  subaddress: key(
    textOf('separators such as "+"', subaddressSeparators).optional(),
    'Characters that separate an address from what its user adds to it: with "+", user@example.com may send from user+lists@example.com, too.',
    { defaultText: 'none', example: '"+"' },
  ),
  failures_per_client: key(
    failureRate().prefault('10/hour'),
    'Log-ins from one IPv4 address, or one IPv6 network of 64 bits, that may fail. One more bans it. Log-ins that the client breaks off, or that a stage refuses for good, count too.',
  ),
  failures_per_network: key(
    failureRate().prefault('50/hour'),
    'The same for an IPv4 network of 24 bits, and an IPv6 network of 48.',
  ),
  failures_per_user: key(
    failureRate().prefault('30/hour'),
    'The same for one user name, whether or not there is such a user. Clients from which the user has logged in do not count, and are not banned.',
  ),
  ban: key(
    duration().prefault('30m'),
    'Who is banned may not log in for this time: a client is answered 421, and a user 454. 0s bans nobody.',
  ),
  ban_exempt: key(
    listOf(textOf('networks such as "192.0.2.0/24"', parseNetwork), 'networks').prefault([
      '127.0.0.0/8',
      '::1/128',
    ]),
    'Clients that are not banned by their address or network, such as a webmail server from which many users log in.',
  ),
  failure_delay: key(
    duration(0, 10_000).prefault('1s'),
    'A log-in that fails is answered after this time, or after twice this time when the check of the password takes longer, and so on. With 0s, the time of an answer tells which users exist.',
  ),
  hash_threads: key(
    wholeNumber(1, 64).default(1),
    'Slow hashes of passwords (Argon2, bcrypt and others) that are computed at the same time, each on a core of its own. Further log-ins wait, ten seconds at most.',
  ),
  remember: key(
    duration().prefault('10m'),
    'A password that was right is not computed again for this time, as long as the stored one is the same. Only a keyed digest is kept, in memory. 0s remembers none.',
  ),
});
