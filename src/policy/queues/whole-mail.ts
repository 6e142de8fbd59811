// What is known of a message when it is complete, for rules that choose its queue.

import { type HeaderCondition, meetsHeaderCondition } from '../../values/header-condition.ts';
import { meetsResultCondition, type ResultCondition } from '../../values/result-condition.ts';
import type { StageResult } from '../stage.ts';

export interface WholeMail {
  /** What a stage has found out; undefined: nothing. */
  resultOf(stage: string): StageResult | undefined;
  /** The fields of its header as stages have left it, their names in lower case; undefined where it is not kept apart. */
  readonly fields: readonly { readonly name: string; readonly value: string }[] | undefined;
}

/** Of each list, one condition is enough. */
export interface WholeConditions {
  readonly results?: readonly ResultCondition[] | undefined;
  readonly headers?: readonly HeaderCondition[] | undefined;
}

/** @param whole - undefined while the message is not complete: then only what has no such conditions matches */
export function matchesWhole({ results, headers }: WholeConditions, whole: WholeMail | undefined): boolean {
  if (results === undefined && headers === undefined) return true;
  if (whole === undefined) return false;
  const { fields = [] } = whole;
  return (
    results?.some((each) => meetsResultCondition(each, whole.resultOf(each.stage))) !== false &&
    headers?.some((each) => fields.some((field) => isMet(each, field))) !== false
  );
}

function isMet(
  condition: HeaderCondition,
  { name, value }: { readonly name: string; readonly value: string },
): boolean {
  return name === condition.name && meetsHeaderCondition(condition, value);
}
