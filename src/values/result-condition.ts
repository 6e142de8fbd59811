// A condition on what an earlier stage has found out, as an administrator writes it: "verification.spf=pass", "rspamd.score>=8".

import { ValueError } from './value-error.ts';

export interface ResultCondition {
  /** The name of the stage. */
  readonly stage: string;
  readonly key: string;
  /** What the result must be; with `order`, a number. */
  readonly value: string;
  /** The result is a number, and at least or at most this one; undefined: it is the same text. */
  readonly order?: '>=' | '<=';
}

const form =
  'write STAGE.KEY=VALUE, e.g. "verification.spf=pass", or for a number STAGE.KEY>=NUMBER or STAGE.KEY<=NUMBER';

/** @throws {ValueError} when it is none */
export function parseResultCondition(text: string): ResultCondition {
  const equals = text.indexOf('=');
  const sign = text.charAt(equals - 1);
  const order = sign === '>' || sign === '<' ? (`${sign}=` as const) : undefined;
  const end = order === undefined ? equals : equals - 1;
  const dot = text.lastIndexOf('.', end);
  if (equals === -1 || dot < 1 || dot + 1 === end || equals + 1 === text.length)
    throw new ValueError(`"${text}" is no condition on the result of a stage; ${form}`);
  const stage = text.slice(0, dot);
  const key = text.slice(dot + 1, end);
  if (!/^[A-Za-z0-9._-]+$/u.test(stage) || !/^[A-Za-z0-9_-]+$/u.test(key))
    throw new ValueError(`"${text}" does not name a stage and a key of its result; ${form}`);
  const value = text.slice(equals + 1);
  if (order !== undefined && numberIn(value) === undefined)
    throw new ValueError(`"${text}" compares with ${JSON.stringify(value)}, which is no number; ${form}`);
  return order === undefined ? { stage, key, value } : { stage, key, value, order };
}

export function formatResultCondition({ stage, key, value, order }: ResultCondition): string {
  return `${stage}.${key}${order ?? '='}${value}`;
}

/** @param result - of the stage of the condition; undefined: it has found nothing out */
export function meetsResultCondition(
  { key, value, order }: ResultCondition,
  result: Readonly<Record<string, string>> | undefined,
): boolean {
  const found = result?.[key];
  if (order === undefined || found === undefined) return found === value;
  const [number, bound] = [numberIn(found), numberIn(value)];
  if (number === undefined || bound === undefined) return false;
  return order === '>=' ? number >= bound : number <= bound;
}

function numberIn(text: string): number | undefined {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)$/u.test(text) ? Number(text) : undefined;
}
