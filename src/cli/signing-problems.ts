// What is wrong with the files of keys that sign mail now, for `sluice check`. Whether they are published is asked by `sluice dkim check`.

import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import type { Identity } from '../process/privileges/identity.ts';
import { roleUsers } from '../process/privileges/role-users.ts';
import { StartError } from '../errors/start-error.ts';
import { readKeyFile } from '../signing/key-file.ts';
import { mayRead, spoolOwner } from './spool-owner.ts';

/** Reads every key once, but for those whose file depends on the author's domain. */
export async function signingProblems(config: Config): Promise<ConfigWarning[]> {
  const keysUser = keysUserOf(config);
  const owner = spoolOwner(config);
  const found: ConfigWarning[] = [];
  for (const { file: path, place, domainKeys } of config.signingKey) {
    if (path.includes('%')) continue;
    const at = [...place];
    const file = await readKeyFile(path);
    if (file.kind === 'absent') found.push({ path: at, message: `${path} does not exist` });
    else if (file.kind === 'unusable') found.push({ path: at, message: `${path}: ${file.reason}` });
    else if (keysUser !== undefined && !mayRead(keysUser, path))
      found.push({
        path: at,
        message: `${path}: the keys process, which runs as ${keysUser.user}, may not read it`,
      });
    else if (owner !== undefined && !mayRead(owner, path))
      found.push({
        path: at,
        message: `${path}: the user who runs Sluice, to whom the spool belongs, may not read it`,
      });
    else {
      if (domainKeys && file.key.algorithm !== 'rsa-sha256')
        found.push({
          path: at,
          message: `${path}: its key is not an RSA key, so that it does not sign by DomainKeys`,
        });
      for (const warning of file.warnings) found.push({ path: at, message: `${path}: ${warning}` });
    }
  }
  return found;
}

/** The user of the keys process, when root asks: everybody else can only look as oneself. */
function keysUserOf(config: Config): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    return roleUsers(config)?.of.keys;
  } catch (error) {
    if (error instanceof StartError) return undefined; // another warning says what is wrong with the users
    throw error;
  }
}
