// What a receiver asks of whoever remembers and counts for all receivers.

import type { BackupLedger } from '../backup/types.ts';
import type { GreylistMemory } from '../greylist/types.ts';
import type { RateLedger } from '../rates/types.ts';

export interface DefenceLedger extends GreylistMemory, RateLedger, BackupLedger {}
