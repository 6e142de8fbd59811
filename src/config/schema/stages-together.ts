// Checks what [[stage]] and [[tap]] tables name in others: listeners, routes and stages.

import type { z } from 'zod';

import { parseResultCondition, type ResultCondition } from '../../values/result-condition.ts';
import { addUnknown, addUnknownListeners } from './unknown-names.ts';

/** What is done with messages that a stage marks. */
interface Marked {
  readonly route?: string | undefined;
}

/** The part of a stage that names others. */
export interface StageTable {
  readonly name: string;
  readonly listen?: readonly string[] | undefined;
  readonly on_virus?: Marked;
  readonly on_spam?: Marked;
  readonly on_reject?: Marked;
  /** Of a content filter. */
  readonly route?: string;
  readonly sign?: string;
  /** Of a defence: whom it leaves alone. */
  readonly except_results?: readonly ResultCondition[];
  readonly author_except_results?: readonly ResultCondition[];
}

/** The names that there are. */
export interface StageNames {
  readonly listeners: readonly string[];
  readonly routes: readonly string[];
  /** Is there a listener that signs what comes back from a filter? */
  readonly signsBack: boolean;
}

/** Adds a problem for each name that no other table has. */
export function checkStages(
  stages: readonly StageTable[],
  { listeners, routes, signsBack }: StageNames,
  context: z.RefinementCtx,
): void {
  const finding = findingStages(stages);
  for (const [index, { listen, ...own }] of stages.entries()) {
    addUnknownListeners(listeners, listen, ['stage', index], context);
    const { route: toFilter, sign } = own;
    if (toFilter !== undefined && !routes.includes(toFilter))
      addUnknown('route', toFilter, routes, ['stage', index, 'route'], context);
    if (sign === 'after' && !signsBack) {
      const message =
        'needs a [[listen]] with from_filter = "outgoing": its mail would leave without a signature';
      context.addIssue({ code: 'custom', message, path: ['stage', index, 'sign'] });
    }
    for (const key of ['except_results', 'author_except_results'] as const) {
      for (const [at, { stage }] of (own[key] ?? []).entries())
        if (!finding.includes(stage)) addUnknown('stage', stage, finding, ['stage', index, key, at], context);
    }
    for (const key of ['on_virus', 'on_spam', 'on_reject'] as const) {
      const route = own[key]?.route;
      if (route !== undefined && !routes.includes(route))
        addUnknown('route', route, routes, ['stage', index, key, 'route'], context);
    }
  }
}

/** What waits for the result of a stage that is not there would never hold. @param table - where the conditions are: `tap` */
export function checkResults(
  table: string,
  entries: readonly { readonly results?: readonly string[] | undefined }[],
  stages: readonly { readonly name: string }[],
  context: z.RefinementCtx,
): void {
  const names = findingStages(stages);
  for (const [index, { results = [] }] of entries.entries()) {
    for (const [at, text] of results.entries()) {
      const { stage } = parseResultCondition(text);
      if (!names.includes(stage)) addUnknown('stage', stage, names, [table, index, 'results', at], context);
    }
  }
}

/** Names of stages that may find something out, with that of Sluice itself. */
function findingStages(stages: readonly { readonly name: string }[]): readonly string[] {
  return [...stages.map(({ name }) => name), 'verification'];
}
