// The users of the directory as a table of mailboxes, for checks that ask tables.

import type { Directory, FoundUser } from '../../directory/types.ts';
import { absent, type Answer, found, type Table } from '../../table/table.ts';

export function directoryTable(directory: Directory): Table {
  return {
    name: 'directory',
    lookup: (keys) => Promise.all(keys.map((key) => answerTo(directory, key))),
  };
}

/** A directory has no entry that takes mail to any name of a domain. */
async function answerTo(directory: Directory, key: string): Promise<Answer> {
  return key.startsWith('@') ? absent : answerOf(await directory.find(key));
}

function answerOf(user: FoundUser): Answer {
  if (user.kind === 'failing') return user;
  return user.kind === 'user' ? found : absent;
}
