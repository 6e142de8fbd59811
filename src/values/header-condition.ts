// A condition on a header field, as an administrator writes it: "Precedence: bulk", "X-Mailer: Campaign*", or "List-Id" for any value.

import { ValueError } from './value-error.ts';

export interface HeaderCondition {
  /** In lower case. */
  readonly name: string;
  /** In lower case, with `*` for any text; undefined: any value. */
  readonly value: string | undefined;
}

/** @throws {ValueError} when it is none */
export function parseHeaderCondition(text: string): HeaderCondition {
  const [, name = '', value] = /^([!-9;-~]+)\s*(?::\s*(.*?)\s*)?$/s.exec(text) ?? [];
  if (name === '')
    throw new ValueError(
      `${JSON.stringify(text)} is no condition on a header field; write its name, or its name and value, e.g. "Precedence: bulk"`,
    );
  return {
    name: name.toLowerCase(),
    value: value === undefined || value === '' ? undefined : value.toLowerCase(),
  };
}

/** @param value - of a field, perhaps folded */
export function meetsHeaderCondition({ value: wanted }: HeaderCondition, value: string): boolean {
  if (wanted === undefined) return true;
  return matches(wanted.split('*'), value.replaceAll(/\s+/g, ' ').trim().toLowerCase());
}

/** In linear time, whatever the value is: each part is looked for from where the one before it ended. */
function matches(parts: readonly string[], value: string): boolean {
  const [first = '', ...others] = parts;
  const last = others.pop();
  if (last === undefined) return value === first;
  if (!value.startsWith(first)) return false;
  let at = first.length;
  for (const part of others) {
    const found = value.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return value.length - last.length >= at && value.endsWith(last);
}
