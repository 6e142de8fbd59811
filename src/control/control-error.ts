// Something an operator asked for could not be done.

import { SluiceError } from '../errors/sluice-error.ts';

export class ControlError extends SluiceError {}
