// What is wrong with the secrets of credentials and of rspamd now, for `sluice check`: all are warnings, because a start and a reload go on without them.

import { accessSync, constants, statSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { isOpenToAll, readSecretFile } from '../process/watch/secret-file.ts';

/**
 * Looks at every secret once, as the user who runs this command.
 * @param environment - of this command, which is not that of a running Sluice
 */
export function secretProblems(
  { credential, stage }: Pick<Config, 'credential' | 'stage'>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ConfigWarning[] {
  const ofStages = stage.flatMap((each, index) => {
    const message =
      each.kind === 'rspamd' && each.passwordFile !== undefined
        ? rspamdProblem(each.passwordFile)
        : undefined;
    return message === undefined ? [] : [{ path: ['stage', index, 'password_file'], message }];
  });
  const ofCredentials = credential.flatMap(({ secret }, index) => {
    const warn = (key: string, message: string) => [{ path: ['credential', index, key], message }];
    if (secret.kind === 'environment') {
      const { variable } = secret;
      if ((environment[variable] ?? '') !== '') return [];
      return warn(
        'password_env',
        `this command has no ${variable} in its environment; if Sluice starts without it, mail that needs this credential waits`,
      );
    }
    if (secret.kind === 'command')
      return programProblems(secret.command, (text) => warn('token_command', text));
    const key = `${secret.holds}_file`;
    const found = readSecretFile(secret.path);
    if (found.kind === 'missing')
      return warn(key, `${found.reason}; until then, mail that needs this credential waits`);
    if (!isOpenToAll(secret.path)) return [];
    return warn(key, `every user of this host may read ${secret.path}; close it: chmod 600 ${secret.path}`);
  });
  return [...ofCredentials, ...ofStages];
}

/** Receivers read it, as their user: it is none of the files that root reads for others. */
function rspamdProblem(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) throw new Error('it is not a file');
    accessSync(path, constants.R_OK);
    if (!isOpenToAll(path)) return undefined;
    return `every user of this host may read ${path}; close it to all but the user of the receivers, who read it`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `${path} cannot be read, so that mail is answered as on_failure says: ${reason}`;
  }
}

/** It is not run: this command has another user than the senders. */
function programProblems(
  [program = '']: readonly string[],
  warn: (message: string) => ConfigWarning[],
): ConfigWarning[] {
  try {
    accessSync(program, constants.X_OK);
    return [];
  } catch {
    return warn(`${program} cannot be run; until then, mail that needs this credential waits`);
  }
}
