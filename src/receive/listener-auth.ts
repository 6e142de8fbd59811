// What log-ins of a listener need.

import type { Directory } from '../directory/types.ts';
import type { TokenHints } from '../sasl/token-exchanges.ts';

export interface ListenerAuth {
  readonly directory: Directory;
  /** No mail is taken before a log-in, except from clients with a certificate by which they may relay. */
  readonly isRequired: boolean;
  /** What clients are told about tokens. */
  readonly hints: TokenHints;
}
