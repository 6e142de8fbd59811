// Tables whose keys depend on their key `kind`: some keys are for all kinds, and others for one alone.

import { z } from 'zod';

import { expected, key, oneOf } from './fields.ts';

/** The key `kind` of such a table as the reference shows it, with all kinds, by the schema of the table. */
export const documentedKinds = new WeakMap<z.core.$ZodType, z.core.$ZodType>();

/**
 * The key `kind` of a table of one kind.
 * @param description - what it is, as whole sentences
 */
export function kindKey<const Kind extends string>(kind: Kind, description: string) {
  return key(z.literal(kind), description);
}

/** Says of a table whose kind is none, or missing, what it may be. */
export function wrongKind(kinds: readonly string[]) {
  return (issue: z.core.$ZodRawIssue): string => {
    if (issue.code !== 'invalid_union') return expected('a table')(issue);
    return expected(inWords(kinds))({ input: (issue.input as { readonly kind?: unknown }).kind });
  };
}

/**
 * Makes the key `kind` for the reference, of the kinds of a table and their descriptions.
 * @param question - what it says: "What decides."
 */
export function documentKinds(table: z.ZodDiscriminatedUnion, question: string): void {
  const kinds = table.def.options.flatMap((option) =>
    option instanceof z.ZodObject ? [kindIn(option)] : [],
  );
  const words = kinds.map(({ word }) => word) as [string, ...string[]];
  const told = kinds.map(({ word, description }) => `"${word}": ${description}`);
  const kind = key(oneOf(words), [question, ...told].join(' '), { example: `"${words[0]}"` });
  documentedKinds.set(table, kind);
}

function kindIn({ shape }: z.ZodObject): { readonly word: string; readonly description: string } {
  const { kind } = shape;
  if (!(kind instanceof z.ZodLiteral)) throw new TypeError('a table without the key kind');
  return { word: String(kind.value), description: kind.description ?? '' };
}

function inWords(kinds: readonly string[]): string {
  return kinds.map((each) => `"${each}"`).join(' or ');
}
