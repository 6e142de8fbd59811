// The users of the system as a source of recipients. What is for no user may be described in the home of the user `alias`: such a file, or one that
// this process may not see, is enough.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { aliasNameOf } from '../../instructions/alias-steps.ts';
import { isPossibleName, qmailNames } from '../../instructions/qmail-names.ts';
import { SystemUsers } from '../../io/system-users.ts';
import { findPlace, type FindUser } from '../../mailbox/system/find-place.ts';
import type { SystemSettings } from '../../values/system-way.ts';
import { SystemAliases } from './system-aliases.ts';
import {
  type AskedRecipient,
  exists,
  type RecipientAnswer,
  type RecipientSource,
  unknown,
} from './recipient-source.ts';

/** Of this process. */
const users = new SystemUsers();
const aliases = new SystemAliases();

export class SystemSource implements RecipientSource {
  readonly #settings: SystemSettings;
  readonly #find: FindUser;

  constructor(settings: SystemSettings, find: FindUser = (user) => users.find(user)) {
    this.#settings = settings;
    this.#find = find;
  }

  async find({ address }: AskedRecipient): Promise<RecipientAnswer> {
    const { aliases: paths, separators } = this.#settings;
    const names = await aliases.read(paths);
    if (names.kind === 'failing') return names;
    if (aliasNameOf(address, separators, names.textOf) !== undefined) return exists;
    const place = await findPlace(this.#settings, address, this.#find);
    if (place.kind === 'fault')
      return place.status.startsWith('5') ? unknown : { kind: 'failing', reason: place.text };
    if (!place.isAliasUser) return exists;
    if (isPathLike(place.extension)) return unknown;
    return (await hasFile(place.account.home, place.extension)) ? exists : unknown;
  }
}

/** Nobody has such a name, and no file is looked for by it. */
function isPathLike(name: string): boolean {
  return name.includes('/') || name.includes('..');
}

async function hasFile(home: string, extension: string): Promise<boolean> {
  for (const { name } of qmailNames('-', extension)) {
    if (!isPossibleName(name)) continue;
    try {
      await stat(join(home, name));
      return true;
    } catch (error) {
      // Another error is no answer: the delivery finds out.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return true;
    }
  }
  return false;
}
