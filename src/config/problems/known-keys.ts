// The keys that the schema allows at a place in the file, and which of them are tables.

import { z } from 'zod';

import { documentedKinds } from '../schema/kinds.ts';
import { root } from '../schema/root.ts';
import type { Path } from '../read/toml.ts';

/** One key that a table may have. */
export interface KnownKey {
  readonly name: string;
  /** A table, or a list of tables. */
  readonly isTable: boolean;
  readonly isList: boolean;
  /** Tables with names that are somebody else's: [queues.NAME]. */
  readonly isNamed: boolean;
  /** Includes its default and its description. */
  readonly schema: z.core.$ZodType;
  /** In a table whose keys depend on its `kind`: those that have it. Undefined: all. */
  readonly kinds?: readonly string[] | undefined;
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
    else if (here instanceof z.ZodRecord) at = here.def.valueType;
    else if (here instanceof z.ZodObject) at = here.shape[String(part)] ?? z.never();
    else at = keysOf(here).find(({ name }) => name === part)?.schema ?? z.never();
  }
  return keysOf(at);
}

/** The keys of a table's schema; empty when it is not a table. */
export function keysOf(schema: z.core.$ZodType): KnownKey[] {
  const table = fileSchema(schema);
  if (table instanceof z.ZodDiscriminatedUnion) return keysOfKinds(table);
  if (!(table instanceof z.ZodObject)) return [];
  return Object.entries(table.shape).map(([name, value]) => knownKey(name, value));
}

function knownKey(name: string, schema: z.core.$ZodType, kinds?: readonly string[]): KnownKey {
  const bare = fileSchema(schema);
  const isList = bare instanceof z.ZodArray;
  const content = isList ? fileSchema(bare.def.element) : namedContent(bare);
  const isTable = content instanceof z.ZodObject || content instanceof z.ZodDiscriminatedUnion;
  return { name, isTable, isList, isNamed: isTable && bare instanceof z.ZodRecord, schema, kinds };
}

function namedContent(bare: z.core.$ZodType): z.core.$ZodType {
  return bare instanceof z.ZodRecord ? fileSchema(bare.def.valueType) : bare;
}

/** The keys of all kinds. Two kinds may have a key of the same name with another meaning: then it is there twice. */
function keysOfKinds(table: z.ZodDiscriminatedUnion): KnownKey[] {
  const { options } = table.def;
  const found = new Map<z.core.$ZodType, { readonly name: string; readonly kinds: string[] }>();
  for (const option of options) {
    if (!(option instanceof z.ZodObject)) continue;
    const kind = String((option.shape['kind'] as z.ZodLiteral).value);
    for (const [name, own] of Object.entries(option.shape)) {
      const schema = name === 'kind' ? (documentedKinds.get(table) ?? own) : own;
      const key = found.get(schema);
      if (key === undefined) found.set(schema, { name, kinds: [kind] });
      else key.kinds.push(kind);
    }
  }
  return [...found].map(([schema, { name, kinds }]) =>
    knownKey(name, schema, kinds.length === options.length ? undefined : kinds),
  );
}
