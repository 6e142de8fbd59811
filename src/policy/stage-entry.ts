// A stage in its place among the others, and whose mail it decides about.

import type { Stage } from './stage.ts';

export interface StageEntry {
  readonly stage: Stage;
  /**
   * Names of tenants; undefined: any mail. Such a stage is asked from MAIL on, where a stage before it has said whose mail it is, and at no
   * earlier point.
   */
  readonly tenants?: readonly string[] | undefined;
  /**
   * Names of queues; undefined: any mail. Such a stage is asked at RCPT about recipients for these queues, and later about messages that have
   * such a recipient; at earlier points the queue is not known.
   */
  readonly queues?: readonly string[] | undefined;
  /** It is a [[stage]]: what it answers is counted under its name. */
  readonly isCounted?: boolean | undefined;
  /** What it answers is counted and logged, and not carried out. */
  readonly isTest?: boolean | undefined;
}
