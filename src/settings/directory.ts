// From [[directory]] and [login] to what the directory is told.

import type { Config } from '../config/config.ts';
import type { GuardSettings } from '../directory/guarded-directory.ts';
import type { DirectorySettings } from '../directory/settings.ts';

export function directorySettings({ directory, login }: Config): DirectorySettings {
  return {
    sources: directory,
    defaultDomain: login.defaultDomain ?? '',
    hashThreads: login.hashThreads,
    rememberMs: login.remember,
  };
}

export function guardSettings({ login }: Config): GuardSettings {
  return {
    perClient: login.failuresPerClient,
    perNetwork: login.failuresPerNetwork,
    perUser: login.failuresPerUser,
    banMs: login.ban,
    exempt: login.banExempt,
    failureDelayMs: login.failureDelay,
  };
}

/** Whether the process of the keys role is needed. */
export function hasDirectory({ directory }: Pick<Config, 'directory'>): boolean {
  return directory.length > 0;
}
