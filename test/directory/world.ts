// A directory with files of a test's own, which are read at once.

import type { TestContext } from 'node:test';
import type { TokenIssuerConfig } from '../../src/config/token-issuer-config.ts';
import type { SourceSettings } from '../../src/directory/settings.ts';
import { Users } from '../../src/directory/users.ts';
import { HashPool } from '../../src/password/hash-pool.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { type TemporaryFolder, temporaryFolder } from '../temporary-folder.ts';

export interface DirectoryWorld {
  readonly folder: TemporaryFolder;
  readonly troubles: Troubles;
  /** A directory with these sources, whose files have been read. */
  readonly open: (sources: readonly SourceSettings[], options?: DirectoryOptions) => Promise<Users>;
}

export interface DirectoryOptions {
  readonly defaultDomain?: string;
  readonly pool?: HashPool;
  readonly secret?: Uint8Array;
  readonly rememberMs?: number;
  readonly tokenIssuers?: readonly TokenIssuerConfig[];
  readonly date?: () => number;
}

export function directoryWorld(t: TestContext): DirectoryWorld {
  const folder = temporaryFolder(t, 'directory');
  const troubles = new Troubles();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  return {
    folder,
    troubles,
    open: async (sources, options = {}) => {
      const { defaultDomain = '', pool = new HashPool({ threads: 1 }), secret = Buffer.alloc(32) } = options;
      // Files are taken as if nobody had written to them for a minute.
      const { rememberMs = 0, tokenIssuers = [], date = () => Date.now() + 60_000 } = options;
      const parts = { log, troubles, pool, secret, date };
      const settings = { sources, tokenIssuers, defaultDomain, hashThreads: 1, rememberMs };
      const users = new Users(settings, parts);
      folder.atEnd(() => users.close());
      await users.settled();
      return users;
    },
  };
}

/** A log-in by a password, from nowhere in particular. */
export function withPassword(login: string, password: string) {
  return { login, password, client: '192.0.2.1', isEncrypted: true };
}
