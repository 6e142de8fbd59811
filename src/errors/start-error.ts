// The error of Sluice, or of one of its processes, that could not start.

import { SluiceError } from './sluice-error.ts';

export class StartError extends SluiceError {}
