// From [[directory]] and [login] to what the directory is told.

import type { Config } from '../config/config.ts';
import type { DirectorySettings } from '../directory/settings.ts';

export function directorySettings({ directory, login }: Config): DirectorySettings {
  return {
    sources: directory,
    defaultDomain: login.defaultDomain ?? '',
    hashThreads: login.hashThreads,
    rememberMs: login.remember,
  };
}

/** Whether the process of the keys role is needed. */
export function hasDirectory({ directory }: Pick<Config, 'directory'>): boolean {
  return directory.length > 0;
}
