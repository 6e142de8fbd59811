// Sluice's own directory in a database of SQLite: its tables, and the query that makes a record of them.

/** Makes the tables; it changes none that are there. */
export const schema = `
CREATE TABLE IF NOT EXISTS domains (
  domain TEXT PRIMARY KEY,
  most_bytes INTEGER,
  most_messages INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS users (
  address TEXT PRIMARY KEY,
  password TEXT,
  scram TEXT,
  mailbox TEXT,
  quota INTEGER,
  quota_messages INTEGER,
  disabled INTEGER NOT NULL DEFAULT 0,
  forward TEXT,
  keep_copy INTEGER,
  autoreply TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS aliases (
  address TEXT PRIMARY KEY,
  user TEXT NOT NULL REFERENCES users (address) ON UPDATE CASCADE ON DELETE CASCADE
) STRICT;
CREATE INDEX IF NOT EXISTS aliases_user ON aliases (user);
CREATE TABLE IF NOT EXISTS senders (
  user TEXT NOT NULL REFERENCES users (address) ON UPDATE CASCADE ON DELETE CASCADE,
  sender TEXT NOT NULL,
  PRIMARY KEY (user, sender)
) STRICT;
CREATE TABLE IF NOT EXISTS applications (
  user TEXT NOT NULL REFERENCES users (address) ON UPDATE CASCADE ON DELETE CASCADE,
  name TEXT NOT NULL,
  password TEXT NOT NULL,
  scram TEXT,
  PRIMARY KEY (user, name)
) STRICT;
`;

/** Columns that databases of older versions lack. */
export const newerColumns = [
  ['domains', 'most_bytes', 'INTEGER'],
  ['domains', 'most_messages', 'INTEGER'],
  ['users', 'quota_messages', 'INTEGER'],
  ['users', 'forward', 'TEXT'],
  ['users', 'keep_copy', 'INTEGER'],
  ['users', 'autoreply', 'TEXT'],
] as const;

/**
 * Users, to select `userColumns` from. A newer column is asked for in a query of its own: where the table has none of this name, SQL takes the
 * NULL of `older`, so that a database that no command has changed since can be read.
 */
export const usersTable = `users u, (SELECT ${newerColumns.map(([, column]) => `NULL AS ${column}`).join(', ')}) older`;

/** SQL has no search from the end: what is left of the last "@" is cut off. */
export const domainOfUser = "substr(u.address, length(rtrim(u.address, replace(u.address, '@', ''))) + 1)";

function ofUser(column: string): string {
  return `(SELECT ${column} FROM users x WHERE x.address = u.address)`;
}

function ofDomain(column: string): string {
  return `(SELECT ${column} FROM domains d WHERE d.domain = ${domainOfUser})`;
}

/** The columns of a user, as a record has them. */
export const userColumns = `
  u.address AS user, u.password, u.scram, u.mailbox, u.quota, nullif(u.disabled, 0) AS disabled,
  (SELECT nullif(json_group_array(a.address), '[]') FROM aliases a WHERE a.user = u.address) AS aliases,
  (SELECT nullif(json_group_array(s.sender), '[]') FROM senders s WHERE s.user = u.address) AS senders,
  (SELECT nullif(json_group_array(json_object('name', p.name, 'password', p.password, 'scram', p.scram)), '[]')
    FROM applications p WHERE p.user = u.address) AS applications,
  ${ofUser('quota_messages')} AS quota_messages, ${ofUser('forward')} AS forward, nullif(${ofUser('keep_copy')}, 0) AS keep_copy, ${ofUser('autoreply')} AS autoreply`;

/** From `domains x` and `older`. */
function domainColumn(column: string): string {
  return `(SELECT ${column} FROM domains d WHERE d.domain = x.domain)`;
}

/** Domains as records have them. */
export const domainsQuery = `
SELECT x.domain, ${domainColumn('most_bytes')} AS quota, ${domainColumn('most_messages')} AS quota_messages
FROM domains x, (SELECT NULL AS most_bytes, NULL AS most_messages) older`;

/** Its parameter is an address, an alias, or "@" and a domain. */
export const ownQuery = `
SELECT ${userColumns},
  ${ofDomain('most_bytes')} AS domain_quota, ${ofDomain('most_messages')} AS domain_quota_messages, NULL AS domain
FROM ${usersTable}
WHERE u.address = coalesce((SELECT a.user FROM aliases a WHERE a.address = ?1), ?1)
UNION ALL
SELECT ${'NULL, '.repeat(15)}domain FROM domains WHERE '@' || domain = ?1`;
