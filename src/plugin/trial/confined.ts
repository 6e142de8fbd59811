// How a program of this room is run that loads the code of an author, and is no server.

import { fileURLToPath, pathToFileURL } from 'node:url';

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

/**
 * Arguments for Node, by which such a program may read files, write into one folder, and nothing else: it can neither connect nor start programs or
 * threads. https://nodejs.org/api/permissions.html says what that does not cover, such as databases of SQLite.
 * @param program - in this room, without its extension: `testing/ask-once`
 * @param folder - the real path of the folder that it may write into
 */
export function confined(program: string, folder: string): readonly string[] {
  const file = (name: string): string => fileURLToPath(new URL(`../${name}${extension}`, import.meta.url));
  return [
    '--permission',
    '--allow-fs-read=*',
    `--allow-fs-write=${folder}/*`,
    '--import',
    pathToFileURL(file('resolve-hooks')).href,
    file(program),
  ];
}
