// What the log tells of a message that goes round in a loop.

import type { LogFields } from './event.ts';

export interface LoopedFields extends LogFields {
  readonly from: string;
  readonly to: readonly string[];
  /** Received and Delivered-To fields. */
  readonly hops: number;
  /** The hosts that come most often in its Received fields. */
  readonly passed?: string | undefined;
}
