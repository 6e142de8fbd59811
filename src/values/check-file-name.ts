// Where a table of checks is, as an administrator writes it: "pcre:/etc/sluice/header_checks".

import { ValueError } from './value-error.ts';

/** `pcre`, `regexp`: expressions of Perl or POSIX. `texthash`: a key and an action on each line. */
export const checkFileTypes = ['pcre', 'regexp', 'texthash'] as const;
export type CheckFileType = (typeof checkFileTypes)[number];

export interface CheckFileName {
  readonly type: CheckFileType;
  readonly path: string;
}

/** @throws {ValueError} */
export function parseCheckFileName(text: string): CheckFileName {
  const colon = text.indexOf(':');
  const word = text.slice(0, Math.max(0, colon));
  const type = checkFileTypes.find((each) => each === word);
  const path = text.slice(colon + 1);
  if (word === 'hash' || word === 'lmdb' || word === 'cdb')
    throw new ValueError(
      `"${text}": write "texthash:" and the file that postmap reads, which is read as it is`,
    );
  if (type === undefined || path === '') {
    throw new ValueError(
      `"${text}" is no table of checks; write "pcre:", "regexp:" or "texthash:", and the name of its file`,
    );
  }
  return { type, path };
}
