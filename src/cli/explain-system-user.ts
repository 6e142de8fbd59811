// What `sluice explain` says of mail for users of the system: the alias or the user, and the file in the home that decides. It looks with the rights
// of whoever runs the command, so it may not see the homes of others.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { partsOf } from '../address/mailbox-parts.ts';
import { aliasNameOf, aliasSteps } from '../instructions/alias-steps.ts';
import { forwardNames } from '../instructions/forward-file.ts';
import { isPossibleName, qmailNames } from '../instructions/qmail-names.ts';
import type { Instruction } from '../instructions/types.ts';
import { SystemUsers } from '../io/system-users.ts';
import { findPlace, type FindUser, type SystemPlace } from '../mailbox/system/find-place.ts';
import { SystemAliases } from '../policy/recipients/system-aliases.ts';
import type { SystemSettings } from '../values/system-way.ts';

const users = new SystemUsers();

/** Lines with a heading of ten characters, as those of `explainText`. */
export async function systemUserText(
  settings: SystemSettings,
  address: string,
  find: FindUser = (user) => users.find(user),
): Promise<string> {
  const names = await new SystemAliases().read(settings.aliases);
  if (names.kind === 'failing') return `Aliases    cannot be read: ${names.reason}\n`;
  const name = aliasNameOf(address, settings.separators, names.textOf);
  if (name !== undefined) {
    const domain = partsOf(address).domain.toLowerCase();
    const found = aliasSteps(name, { domain, permits: settings.permits, textOf: names.textOf });
    if (found.kind === 'fault') return `Alias      ${name}; its mail waits: ${found.text}\n`;
    const steps = [...found.steps.map(shown), ...(found.hasUser ? [`the user ${name}`] : [])];
    return `Alias      ${name}: ${steps.join(', ')}\n`;
  }
  const place = await findPlace(settings, address, find);
  if (place.kind === 'fault') return `User       none: ${place.text} (${place.status})\n`;
  const { account } = place;
  return `User       ${account.name} (${account.uid}), ${account.home}\nFile       ${await fileText(settings, place)}\n`;
}

async function fileText({ instructions, mailbox }: SystemSettings, place: SystemPlace): Promise<string> {
  const { separator, extension, account } = place;
  const names =
    instructions === 'qmail'
      ? qmailNames(separator === '' ? '' : '-', extension).map(({ name }) => name)
      : forwardNames(separator, extension);
  for (const name of names.filter(isPossibleName)) {
    const path = join(account.home, name);
    try {
      await stat(path);
      return path;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') return `${path} cannot be looked at (${code})`;
    }
  }
  if (instructions === 'qmail' && separator !== '')
    return `none of ${names.join(', ')}: the mail goes back (5.1.1)`;
  return `none: it goes into ${mailbox.replaceAll('${user}', account.name)}`;
}

function shown(step: Instruction): string {
  switch (step.kind) {
    case 'program':
      return `the program "${step.command}"`;
    case 'forward':
      return step.address;
    case 'own-mailbox':
      return 'the mailbox';
    case 'include':
      return `the addresses in ${step.path}`;
    case 'maildir':
    case 'mbox':
      return step.path;
  }
}
