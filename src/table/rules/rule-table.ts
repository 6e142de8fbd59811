// The contract of tables that hold rules for clients.

import type { RuleSet } from './rule-set.ts';

export interface RuleTable {
  /** The rules of the version in force. It never throws and never rejects. */
  rules(): RulesAnswer | Promise<RulesAnswer>;
}

export type RulesAnswer =
  | { readonly kind: 'rules'; readonly rules: RuleSet }
  /** The table cannot tell now. `reason` is one clause for the log, without a final period. */
  | { readonly kind: 'failing'; readonly reason: string };
