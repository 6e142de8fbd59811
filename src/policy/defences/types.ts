// What the defences of a receiver ask of whoever remembers and counts for all receivers.

import type { GreylistMemory } from '../greylist/types.ts';
import type { RateLedger } from '../rates/types.ts';

export interface DefenceLedger extends GreylistMemory, RateLedger {}
