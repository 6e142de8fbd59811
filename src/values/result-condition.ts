// A condition on what an earlier stage has found out, as an administrator writes it: "verification.spf=pass".

import { ValueError } from './value-error.ts';

export interface ResultCondition {
  /** The name of the stage. */
  readonly stage: string;
  readonly key: string;
  readonly value: string;
}

const form = 'write STAGE.KEY=VALUE, e.g. "verification.spf=pass"';

/** @throws {ValueError} when it is none */
export function parseResultCondition(text: string): ResultCondition {
  const equals = text.indexOf('=');
  const dot = text.lastIndexOf('.', equals);
  if (equals === -1 || dot < 1 || dot + 1 === equals || equals + 1 === text.length)
    throw new ValueError(`"${text}" is no condition on the result of a stage; ${form}`);
  const stage = text.slice(0, dot);
  const key = text.slice(dot + 1, equals);
  if (!/^[A-Za-z0-9._-]+$/u.test(stage) || !/^[A-Za-z0-9_-]+$/u.test(key))
    throw new ValueError(`"${text}" does not name a stage and a key of its result; ${form}`);
  return { stage, key, value: text.slice(equals + 1) };
}

export function formatResultCondition({ stage, key, value }: ResultCondition): string {
  return `${stage}.${key}=${value}`;
}
