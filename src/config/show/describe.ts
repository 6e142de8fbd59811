// Describes every key of the schema as data, for the printed defaults and the reference page.

import { z } from 'zod';

import { fileSchema, keysOf, type KnownKey } from '../problems/known-keys.ts';
import { keyFacts, expectedForms } from '../schema/fields.ts';
import { root } from '../schema/root.ts';
import { tomlValue } from '../read/toml-value.ts';

/** One key of one table. */
export interface KeyDescription {
  readonly name: string;
  /** What values it takes, in a few words. */
  readonly type: string;
  /** The meaning, in a few sentences. */
  readonly description: string;
  /** The default in TOML; undefined when there is none, or it depends on the machine or on other keys (see `defaultText`). */
  readonly defaultToml: string | undefined;
  /** Shown instead of a default; empty when there is nothing to show. */
  readonly defaultText: string;
  /** A value in TOML, for a key without a default. */
  readonly example: string;
}

/** One table: the top of the file, `[receive]`, `[receive.extensions]`, `[[route]]`. */
export interface TableDescription {
  /** Empty for the top of the file. */
  readonly path: string;
  /** Is it written as `[[path]]`, once for each item? */
  readonly isList: boolean;
  /** Has it a name of the administrator's: `[queues.NAME]`? */
  readonly isNamed: boolean;
  /** Is it a part of each item of such a list? */
  readonly isInList: boolean;
  readonly description: string;
  readonly keys: readonly KeyDescription[];
}

/** Every table with its keys, in the order of the schema. */
export function describeConfig(): readonly TableDescription[] {
  return tablesOf('', root, { isList: false, isNamed: false, isInList: false });
}

function tablesOf(
  path: string,
  schema: z.core.$ZodType,
  { isList, isNamed, isInList }: Pick<TableDescription, 'isList' | 'isNamed' | 'isInList'>,
  description = descriptionOf(schema),
): TableDescription[] {
  const known = keysOf(schema);
  // An absent table may mean what an empty one does not: no [front] is one without servers.
  const absent = schema instanceof z.ZodPrefault ? (schema.def.defaultValue as Record<string, unknown>) : {};
  const tables: TableDescription[] = [
    {
      path,
      isList,
      isNamed,
      isInList,
      description,
      keys: known.filter((key) => !key.isTable).map((key) => describeKey(key, absent[key.name])),
    },
  ];
  for (const key of known.filter((each) => each.isTable)) {
    const content = key.isList || key.isNamed ? elementOf(key.schema) : key.schema;
    const own = key.isNamed ? `${key.name}.NAME` : key.name;
    const childPath = path === '' ? own : `${path}.${own}`;
    const form = { isList: key.isList, isNamed: key.isNamed, isInList: isList || isNamed || isInList };
    tables.push(...tablesOf(childPath, content, form, descriptionOf(key.schema)));
  }
  return tables;
}

function elementOf(list: z.core.$ZodType): z.core.$ZodType {
  const bare = fileSchema(list);
  if (bare instanceof z.ZodRecord) return bare.def.valueType;
  return bare instanceof z.ZodArray ? bare.def.element : bare;
}

function describeKey({ name, schema, kinds }: KnownKey, whenAbsent: unknown): KeyDescription {
  const facts = keyFacts.get(schema) ?? {};
  const fallback = whenAbsent ?? defaultOf(schema);
  return {
    name,
    type: typeOf(fileSchema(schema)),
    description: `${forKinds(kinds)}${descriptionOf(schema)}`,
    defaultToml: fallback === undefined ? undefined : tomlValue(fallback),
    defaultText: facts.defaultText ?? '',
    example: facts.example ?? '',
  };
}

function forKinds(kinds: readonly string[] | undefined): string {
  return kinds === undefined ? '' : `For ${kinds.map((kind) => `"${kind}"`).join(' and ')} alone. `;
}

function descriptionOf(schema: z.core.$ZodType): string {
  return z.globalRegistry.get(schema)?.description ?? '';
}

/** The default as it would be written in the file. */
function defaultOf(schema: z.core.$ZodType): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return schema.def.defaultValue;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPipe) {
    return defaultOf(schema instanceof z.ZodPipe ? schema.def.in : schema.def.innerType);
  }
  return undefined;
}

function typeOf(schema: z.core.$ZodType): string {
  const text = expectedForms.get(schema);
  if (text !== undefined) return text.form.replace(/^an? /, '');
  if (schema instanceof z.ZodArray)
    return `list, each ${withArticle(typeOf(fileSchema(schema.def.element)))}`;
  if (schema instanceof z.ZodEnum) return schema.options.map((word) => `"${word}"`).join(' or ');
  if (schema instanceof z.ZodBoolean) return 'true or false';
  if (schema instanceof z.ZodRecord) return 'table';
  if (schema instanceof z.ZodLiteral) return [...schema.values].map(String).join(' or ');
  if (schema instanceof z.ZodNumber) {
    return `${schema.isInt ? 'whole number' : 'number'} from ${schema.minValue} to ${schema.maxValue}`;
  }
  return 'text';
}

function withArticle(noun: string): string {
  return `${/^([aeio]|MX)/i.test(noun) ? 'an' : 'a'} ${noun}`;
}
