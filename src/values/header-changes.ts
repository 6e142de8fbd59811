// Changes of header fields that a route makes on the way out, as an administrator writes them: names, and fields such as "X-Route: bulk".

import { ValueError } from './value-error.ts';

/** A field that is put into a header: printable ASCII, on one line. */
export interface GivenField {
  readonly name: string;
  readonly value: string;
}

/** They are made in this order. */
export interface HeaderChanges {
  /** Names in lower case; one that ends in `*` means all names that begin like it. */
  readonly remove: readonly string[];
  /** Each field of this name gets the value; where there is none, nothing is added. */
  readonly replace: readonly GivenField[];
  /** Behind all other fields. */
  readonly add: readonly GivenField[];
}

/** RFC 5321 4.4: trace fields must not be changed or deleted: loops are found by them. */
const kept: ReadonlySet<string> = new Set(['received', 'return-path']);
/** RFC 5322 2.1.1: a line has at most 998 characters. */
const maxLine = 998;

/** @throws {ValueError} when it is no name, or one that has to stay */
export function parseFieldName(text: string): string {
  const name = text.toLowerCase();
  if (!/^[!-)+-9;-~]+\*?$/.test(name))
    throw new ValueError(
      `${JSON.stringify(text)} is no name of a header field; write e.g. "X-Internal" or "X-Internal-*"`,
    );
  const isKept = [...kept].some((each) =>
    name.endsWith('*') ? each.startsWith(name.slice(0, -1)) : each === name,
  );
  if (isKept) throw new ValueError(`"${text}" must stay as it is: loops are found by it (RFC 5321 4.4)`);
  return name;
}

/** @throws {ValueError} when it is no field */
export function parseGivenField(text: string): GivenField {
  const [, name = '', value = ''] = /^([!-9;-~]+):\s*([\x20-\x7e]*?)\s*$/.exec(text) ?? [];
  if (name === '' || value === '')
    throw new ValueError(
      `${JSON.stringify(text)} is no header field; write its name and its value in ASCII, e.g. "X-Route: bulk"`,
    );
  if (name.length + value.length + 2 > maxLine)
    throw new ValueError(`"${name}": the field is longer than ${maxLine} characters (RFC 5322 2.1.1)`);
  parseFieldName(name.replace(/\*$/, ''));
  return { name, value };
}
