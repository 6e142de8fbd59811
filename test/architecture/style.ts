// The rules of style that the linter has no rule for, as functions from a parsed source file to its faults. Read by
// style.test.ts, which also breaks each of them on purpose. CONTRIBUTING.md tells them to people.

import { parseSync, Visitor, type Comment, type Program } from 'oxc-parser';

/** A source file, parsed once for all rules. */
export interface Source {
  /** Relative to the repository's root. */
  readonly file: string;
  readonly text: string;
  readonly program: Program;
  readonly comments: readonly Comment[];
}

/** One rule: what it asks for, and where a file does not do so. */
export interface Rule {
  /** What is said after the place of each fault. */
  readonly asks: string;
  /** Offsets into the text. */
  readonly faults: (source: Source) => readonly number[];
}

export function sourceOf(file: string, text: string): Source {
  const { program, comments } = parseSync(file, text);
  return { file, text, program, comments };
}

/** Every fault of a file, one sentence each. */
export function faultsOf(source: Source, rules: readonly Rule[]): string[] {
  return rules.flatMap(({ asks, faults }) =>
    faults(source).map((offset) => `${source.file}:${lineOf(source.text, offset)} ${asks}`),
  );
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Counting by one has one form. */
export const increments: Rule = {
  asks: 'counts by one: write ++ or --',
  faults({ program }) {
    const found: number[] = [];
    new Visitor({
      AssignmentExpression({ operator, right, start }) {
        if (operator !== '+=' && operator !== '-=') return;
        if (right.type === 'Literal' && right.value === 1) found.push(start);
      },
    }).visit(program);
    return found;
  },
};

/** A constant is named like any other value: `retryMs`. What is an enumeration in all but syntax has a capital: `Health`. */
export const constants: Rule = {
  asks: 'names a constant in capitals: write retryMs, not RETRY_MS',
  faults({ program }) {
    const found: number[] = [];
    new Visitor({
      VariableDeclarator({ id }) {
        if (id.type === 'Identifier' && /^[A-Z][A-Z0-9_]+$/u.test(id.name)) found.push(id.start);
      },
    }).visit(program);
    return found;
  },
};

export const allRules: readonly Rule[] = [increments, constants];
