// Sluice, or one of its processes, could not start.

import { SluiceError } from './sluice-error.ts';

export class StartError extends SluiceError {}
