// Errors of changes of the directory. Codes: docs/errors.md.

import { SluiceError } from '../../errors/sluice-error.ts';

export class DirectoryError extends SluiceError {}
