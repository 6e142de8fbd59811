// From [[rewrite]] to the stages that rewrite addresses.

import type { Config } from '../config/config.ts';
import type { RewriteConfig } from '../config/rewrite-config.ts';
import type { StageEntry } from '../policy/pipelines.ts';
import { type RewriteRule, Rewriter } from '../policy/rewriting/rewriter.ts';
import type { RewritingParts } from '../policy/stages/rewriting-stage.ts';
import { rewritingOfRecipients, rewritingStage } from '../policy/stages/rewriting-stage.ts';
import type { Tables } from '../table/tables.ts';
import { missingTable } from './missing-table.ts';

/** Where the stages stand among others. */
export interface RewritingEntries {
  /** Before other stages look at recipients. */
  readonly early: readonly StageEntry[];
  /** After mail of others was verified by what they have sent, here and by milters. */
  readonly late: readonly StageEntry[];
}

const nothing: RewritingEntries = { early: [], late: [] };

export function rewritingStages(
  { rewrite, hostname }: Pick<Config, 'rewrite' | 'hostname'>,
  tables: Pick<Tables, 'get'>,
): RewritingEntries {
  if (rewrite.length === 0) return nothing;
  const rewriterOf = (rules: readonly RewriteConfig[]): Rewriter =>
    new Rewriter(
      rules.map((each) => ruleOf(each, hostname, tables)),
      hostname,
    );
  const ours = rewriterOf(rewrite);
  const others = rewriterOf(rewrite.filter(({ where }) => where === 'everywhere'));
  const ofOthers = { audience: 'strangers', rewriter: others, hostname } as const;
  return {
    early: [
      ...entry({
        name: 'rewriting',
        audience: 'submission',
        rewriter: ours,
        hostname,
        points: ['mail', 'rcpt', 'headers'],
      }),
      ...entry({ ...ofOthers, name: rewritingOfRecipients, points: ['rcpt'] }),
    ],
    late: entry({ ...ofOthers, name: 'rewriting-incoming', points: ['mail', 'headers'] }),
  };
}

function entry(parts: RewritingParts): readonly StageEntry[] {
  const stage = rewritingStage(parts);
  return stage === undefined ? [] : [{ stage }];
}

function ruleOf(rule: RewriteConfig, hostname: string, tables: Pick<Tables, 'get'>): RewriteRule {
  const common = {
    of: new Set(rule.of),
    tenants: rule.tenant === undefined ? undefined : new Set(rule.tenant),
  };
  if (rule.kind === 'masquerade') {
    const { kind, domains, exceptions } = rule;
    return { ...common, change: { kind, domains, exceptions: new Set(exceptions) } };
  }
  const { kind, table, subaddress, keepSubaddress, localDomains } = rule;
  return {
    ...common,
    change: {
      kind,
      table: tables.get(table) ?? missingTable(table),
      separators: subaddress,
      keepsSubaddress: keepSubaddress,
      localDomains: new Set(localDomains),
      hostname,
    },
  };
}
