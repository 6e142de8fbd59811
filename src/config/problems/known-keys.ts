// The keys that the schema allows at a place in the file, and which of them are tables.

import { z } from 'zod';

import { root } from '../schema/root.ts';
import type { Path } from '../read/toml.ts';

/** One key that a table may have. */
export interface KnownKey {
  readonly name: string;
  /** A table, or a list of tables. */
  readonly isTable: boolean;
  readonly isList: boolean;
  /** Includes its default and its description. */
  readonly schema: z.core.$ZodType;
}

/** The schema of the value in the file: without defaults, optionals and transforms around it. */
export function fileSchema(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return fileSchema(schema.def.innerType);
  }
  return schema instanceof z.ZodPipe ? fileSchema(schema.def.in) : schema;
}

/** The keys of the table at a path; empty when there is no table. */
export function keysAt(path: Path): KnownKey[] {
  let at: z.core.$ZodType = root;
  for (const part of path) {
    const here = fileSchema(at);
    if (here instanceof z.ZodArray) at = here.def.element;
    else if (here instanceof z.ZodObject) at = here.shape[String(part)] ?? z.never();
    else return [];
  }
  return keysOf(at);
}

/** The keys of a table's schema; empty when it is not a table. */
export function keysOf(schema: z.core.$ZodType): KnownKey[] {
  const table = fileSchema(schema);
  if (!(table instanceof z.ZodObject)) return [];
  return Object.entries(table.shape).map(([name, value]) => {
    const bare = fileSchema(value);
    const isList = bare instanceof z.ZodArray;
    const content = isList ? fileSchema(bare.def.element) : bare;
    return { name, isTable: content instanceof z.ZodObject, isList, schema: value };
  });
}
