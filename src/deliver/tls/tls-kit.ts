// What the handshakes of all outgoing connections of a process share.

import type { BrokenHandshakes } from './broken-handshakes.ts';
import type { ClientContexts } from './client-contexts.ts';
import type { SessionCache } from './session-cache.ts';
import type { MatchTlsa } from './verdict.ts';

export interface TlsKit {
  readonly contexts: ClientContexts;
  readonly sessions: SessionCache;
  readonly broken: BrokenHandshakes;
  readonly matchTlsa?: MatchTlsa | undefined;
}
