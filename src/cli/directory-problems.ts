// What is wrong with the sources of the directory now, for `sluice check`.

import type { Config } from '../config/config.ts';
import type { DirectoryConfig } from '../config/directory-config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { examineSource } from '../directory/examine-source.ts';
import { accountOf } from '../directory/record.ts';
import { lacksSecret } from '../directory/scram-secrets.ts';
import { isOwn, openOwn } from './own-directory.ts';

/** Looks at every source once. */
export async function directoryProblems(config: Config): Promise<ConfigWarning[]> {
  const { directory, login } = config;
  const isScramOffered = login.mechanisms.some((name) => name.startsWith('SCRAM'));
  const found = directory.map(async (settings, index) => {
    const { key, place } = placeOf(settings);
    const path = ['directory', index, key];
    const problems = await examineSource(settings);
    const withoutSecret = isScramOffered && problems.length === 0 ? await usersWithoutSecret(settings) : [];
    return [...problems, ...withoutSecret].map((problem) => ({ path, message: `${place}: ${problem}` }));
  });
  return (await Promise.all(found)).flat();
}

/** Clients that know SCRAM prefer it, and do not try PLAIN when it fails. */
async function usersWithoutSecret(settings: DirectoryConfig): Promise<readonly string[]> {
  if (!isOwn(settings)) return [];
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
