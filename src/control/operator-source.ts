// Who answers operators' questions about limits and changes them: the manager, through whatever channel there is.

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
  /** Returns what is in force now, on stable storage. */
  setOverrides(change: OverrideChange): Promise<readonly Override[]>;
  unsetOverrides(end: OverrideEnd): Promise<OverrideEndAnswer>;
}

/** Who knows the clock. */
export interface ClockSource {
  /** Believes a step of the system's clock. Returns how far it went, in ms; null when none was in doubt. */
  confirmClock(): Promise<number | null>;
}
