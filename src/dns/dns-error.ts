// The only error of this room: a resolver that cannot be made. A failed look-up is an answer, never an error.

import { SluiceError } from '../errors/sluice-error.ts';

/** The options of the resolver are invalid. */
export class ResolverOptionsError extends SluiceError {
  constructor(message: string, advice: string) {
    super('DNS_RESOLVER_OPTIONS', message, advice);
  }
}
