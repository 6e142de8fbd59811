// The one error that this room raises: a resolver that cannot be made. What DNS says is an answer, never an error.

import { SluiceError } from '../errors/sluice-error.ts';

/** The resolver's options make no resolver. */
export class ResolverOptionsError extends SluiceError {
  constructor(message: string, advice: string) {
    super('DNS_RESOLVER_OPTIONS', message, advice);
  }
}
