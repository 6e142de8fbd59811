// Sluice's own directory in a database of SQLite: its tables, and the query that makes a record of them.

/** Makes the tables; it changes none that are there. */
export const schema = `
CREATE TABLE IF NOT EXISTS domains (domain TEXT PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS users (
  address TEXT PRIMARY KEY,
  password TEXT,
  scram TEXT,
  mailbox TEXT,
  quota INTEGER,
  disabled INTEGER NOT NULL DEFAULT 0
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

/** The columns of a user, as a record has them. */
export const userColumns = `
  u.address AS user, u.password, u.scram, u.mailbox, u.quota, nullif(u.disabled, 0) AS disabled,
  (SELECT nullif(json_group_array(a.address), '[]') FROM aliases a WHERE a.user = u.address) AS aliases,
  (SELECT nullif(json_group_array(s.sender), '[]') FROM senders s WHERE s.user = u.address) AS senders,
  (SELECT nullif(json_group_array(json_object('name', p.name, 'password', p.password, 'scram', p.scram)), '[]')
    FROM applications p WHERE p.user = u.address) AS applications`;

/** Its parameter is an address, an alias, or "@" and a domain. */
export const ownQuery = `
SELECT ${userColumns}, NULL AS domain FROM users u
WHERE u.address = coalesce((SELECT a.user FROM aliases a WHERE a.address = ?1), ?1)
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, domain FROM domains WHERE '@' || domain = ?1`;
