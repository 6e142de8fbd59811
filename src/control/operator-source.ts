// Operators' questions about limits, and changes of limits. The manager answers them, directly or over a channel.

import type {
  ExplainAnswer,
  ExplainQuestion,
  LimitsAnswer,
  LimitsQuestion,
  OverrideChange,
  OverrideEnd,
  OverrideEndAnswer,
} from './control-protocol.ts';
import type { Override } from './override.ts';

export interface OperatorSource {
  explain(question: ExplainQuestion): Promise<ExplainAnswer>;
  limits(question: LimitsQuestion): Promise<LimitsAnswer>;
  overrides(): Promise<readonly Override[]>;
  /** Returns the overrides that are now in force, and on stable storage. */
  setOverrides(change: OverrideChange): Promise<readonly Override[]>;
  unsetOverrides(end: OverrideEnd): Promise<OverrideEndAnswer>;
}

/** The part of the manager that follows the clock of the system. */
export interface ClockSource {
  /** Accepts a step of the system's clock that is in doubt. Returns its size in ms; null when no step is in doubt. */
  confirmClock(): Promise<number | null>;
}
