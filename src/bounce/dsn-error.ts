// The error of a report that must not be made.

import { SluiceError } from '../errors/sluice-error.ts';

/** Codes `DSN_NULL_SENDER` and `DSN_NO_RECIPIENTS`. */
export class DsnError extends SluiceError {}
