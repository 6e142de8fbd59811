// Whether a program that the configuration names can be run. It is not run: `check` may be run by root, and programs belong to other users.

import { accessSync, constants, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';

const writableByOthers = 0o022;
const anyExecute = 0o111;

/** Why a program does not run, or can become another one. A clause. */
export function programFault(
  program: string,
): { readonly isFatal: boolean; readonly reason: string } | undefined {
  const found = statOf(program);
  if (typeof found === 'string') return { isFatal: true, reason: found };
  if (!found.isFile()) return { isFatal: true, reason: `${program} is no program` };
  if ((found.mode & anyExecute) === 0)
    return { isFatal: true, reason: `${program} may not be run by anybody (chmod it)` };
  if ((found.mode & writableByOthers) !== 0)
    return { isFatal: false, reason: `${program} can be changed by others than its owner (chmod go-w)` };
  const folder = statOf(dirname(program));
  if (typeof folder === 'string' || (folder.mode & writableByOthers & 0o002) === 0) return undefined;
  return { isFatal: false, reason: `${program} can be replaced by everybody, who may write to its folder` };
}

/** The same for a program that is run as the user of this process, or of one that has the same rights. */
export function ownProgramFault(program: string): ReturnType<typeof programFault> {
  const fault = programFault(program);
  if (fault?.isFatal === true) return fault;
  try {
    accessSync(program, constants.X_OK);
    return fault;
  } catch {
    return { isFatal: true, reason: `${program} cannot be run by this user` };
  }
}

function statOf(path: string): Stats | string {
  try {
    return statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? `${path} does not exist`
      : `${path} cannot be looked at (${code ?? 'no reason'})`;
  }
}
