// One source of the directory as it was configured, and the settings of all of them together.

import type { TokenIssuerConfig } from '../config/token-issuer-config.ts';
import type { DomainPattern } from '../values/domain.ts';

interface NamedSource {
  readonly name: string;
  /** Empty: any domain. */
  readonly domains: readonly DomainPattern[];
}

/** Of a source that checks passwords elsewhere. */
interface ElsewhereSettings {
  /** For one password. */
  readonly timeoutMs: number;
  /** For so long a password that was right is taken without asking again. */
  readonly rememberMs: number;
}

/** How a source with keys of its own form is asked. */
export type SourceKey = 'address' | 'local_part';

export type SourceSettings =
  /** The file of Sluice's own directory. */
  | (NamedSource & { readonly kind: 'users'; readonly path: string })
  /** Dovecot's passwd-file. */
  | (NamedSource & { readonly kind: 'passwd'; readonly path: string; readonly key: SourceKey })
  /** The folder with the domains of vpopmail, or `users/assign` of qmail, which says where each is. */
  | (NamedSource & { readonly kind: 'vpopmail'; readonly path: string })
  | (NamedSource & {
      readonly kind: 'sqlite';
      readonly path: string;
      readonly key: SourceKey;
      /** Undefined: the tables of Sluice's own directory. */
      readonly query: string | undefined;
      readonly timeoutMs: number;
      readonly cacheBytes: number;
      readonly cacheMs: number;
      readonly absentCacheMs: number;
    })
  | (NamedSource & {
      readonly kind: 'postgresql';
      /** `postgresql://user@host:5432/database`, without a password. */
      readonly connection: string;
      readonly passwordFile: string | undefined;
      readonly key: SourceKey;
      /** Its parameter is `$1`. */
      readonly query: string;
      readonly timeoutMs: number;
      readonly cacheBytes: number;
      readonly cacheMs: number;
      readonly absentCacheMs: number;
    })
  /** The socket of Dovecot's authentication server for clients. It checks passwords, and tells nothing else. */
  | (NamedSource & ElsewhereSettings & { readonly kind: 'dovecot'; readonly path: string })
  /** A program and its arguments. It checks passwords, and tells nothing else. */
  | (NamedSource &
      ElsewhereSettings & { readonly kind: 'checkpassword'; readonly command: readonly string[] });

export interface DirectorySettings {
  /** Asked in this order. */
  readonly sources: readonly SourceSettings[];
  /** Whose tokens users may log in with. */
  readonly tokenIssuers: readonly TokenIssuerConfig[];
  /** Belongs to log-ins without a domain; empty: none. */
  readonly defaultDomain: string;
  /** Hashes that are computed at the same time. */
  readonly hashThreads: number;
  /** For so long a password that was right need not be computed again. */
  readonly rememberMs: number;
}
