// What is wrong with the sources of the directory now, for `sluice check`.

import type { Config } from '../config/config.ts';
import type { DirectoryConfig } from '../config/directory-config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { examineSource } from '../directory/examine-source.ts';
import { accountOf } from '../directory/record.ts';
import { placeOf as mailboxPlaceOf } from '../mailbox/mailbox-place.ts';
import { lacksSecret } from '../directory/scram-secrets.ts';
import { type Identity, identityOf } from '../process/privileges/identity.ts';
import { isOpenTo, wanted } from '../process/privileges/is-open-to.ts';
import { isOwnDirectory } from '../config/directory-config.ts';
import { openOwn } from './own-directory.ts';

/** Users that are told of one by one. */
const mostNamed = 5;

/** Looks at every source once. */
export async function directoryProblems(config: Config): Promise<ConfigWarning[]> {
  const { directory, login } = config;
  const reader = readerOf(config);
  const isScramOffered = login.mechanisms.some((name) => name.startsWith('SCRAM'));
  const found = directory.map(async (settings, index) => {
    const { key, place } = placeOf(settings);
    const path = ['directory', index, key];
    const problems = await examineSource(settings);
    const withoutSecret = isScramOffered && problems.length === 0 ? await usersWithoutSecret(settings) : [];
    const closed = problems.length === 0 ? await closedTo(reader, settings) : [];
    // What cannot be read is among the problems.
    const withoutMailbox = await usersWithoutMailbox(config, settings).catch(() => []);
    return [...problems, ...closed, ...withoutSecret, ...withoutMailbox].map((problem) => ({
      path,
      message: `${place}: ${problem}`,
    }));
  });
  return (await Promise.all(found)).flat();
}

/** As whom the keys process runs when root starts it; undefined when it is whoever starts it, or when nobody has this name. */
function readerOf({ user, users }: Config): Identity | undefined {
  const reader = users.keys ?? user;
  if (reader === undefined || process.getuid?.() !== 0) return undefined;
  try {
    return identityOf(reader);
  } catch {
    // A start says so, and with the reason.
    return undefined;
  }
}

/** The source is there, since it was looked at before. */
export async function closedTo(
  reader: Identity | undefined,
  settings: DirectoryConfig,
): Promise<readonly string[]> {
  const { place } = placeOf(settings);
  if (reader === undefined || place === '') return [];
  const [what, want] = useOf(settings);
  return (await isOpenTo(reader, place, want))
    ? []
    : [
        `the user ${reader.user}, as whom the keys process runs, may not ${what} it: change its group or mode, or those of the folders above it`,
      ];
}

function useOf({ kind }: DirectoryConfig) {
  switch (kind) {
    case 'checkpassword':
      return ['run', wanted.execute] as const;
    case 'dovecot':
      return ['connect to', wanted.write] as const;
    default:
      return ['read', wanted.read] as const;
  }
}

/** Clients that know SCRAM prefer it, and do not try PLAIN when it fails. */
async function usersWithoutSecret(settings: DirectoryConfig): Promise<readonly string[]> {
  if (!isOwnDirectory(settings)) return [];
  const names = await openOwn(settings, { mode: 0o600, owner: undefined }).read((records) =>
    [...records.users()].flatMap((record) => (lacksSecret(accountOf(record)) ? [record.user] : [])),
  );
  const [first] = names;
  if (first === undefined) return [];
  const who = names.length === 1 ? `${first} has` : `${names.length} users, such as ${first}, have`;
  return [
    `${who} a password without a secret for SCRAM, so that clients which prefer SCRAM cannot log in: give a new password with "sluice user passwd", or leave SCRAM out of mechanisms of [login]`,
  ];
}

/** Whose mail waits for ever. */
async function usersWithoutMailbox(
  { mailboxes, route }: Config,
  settings: DirectoryConfig,
): Promise<readonly string[]> {
  if (!isOwnDirectory(settings) || !route.some(({ kind }) => kind === 'mailbox')) return [];
  const reasons = await openOwn(settings, { mode: 0o600, owner: undefined }).read((records) =>
    [...records.users()].flatMap((record) => {
      const place = mailboxPlaceOf(mailboxes, accountOf(record).user);
      return place.kind === 'fault' ? [`${record.user} can have no mailbox: ${place.why}`] : [];
    }),
  );
  const more = reasons.length - mostNamed;
  return more > 0 ? [...reasons.slice(0, mostNamed), `${more} more users can have no mailbox`] : reasons;
}

function placeOf(settings: DirectoryConfig): { readonly key: string; readonly place: string } {
  switch (settings.kind) {
    case 'checkpassword':
      return { key: 'command', place: settings.command[0] ?? '' };
    case 'postgresql':
      return { key: 'password_file', place: settings.passwordFile ?? '' };
    default:
      return { key: 'path', place: settings.path };
  }
}
