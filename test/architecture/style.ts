// The rules of style that the linter has no rule for, as functions from a parsed source file to its faults. Read by
// style.test.ts, which also breaks each of them on purpose. CONTRIBUTING.md explains them.

import { parseSync, Visitor, type Comment, type Program } from 'oxc-parser';

/** A source file, parsed once for all rules. */
export interface Source {
  /** Relative to the repository's root. */
  readonly file: string;
  readonly text: string;
  readonly program: Program;
  readonly comments: readonly Comment[];
}

/** One rule: its text, and the places where a file breaks it. */
export interface Rule {
  /** The text that follows the place of each fault. */
  readonly asks: string;
  /** Offsets of the faults in the text. */
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

/** Counting by one is always written as `++` or `--`. */
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

/** A constant is named like any other value: `retryMs`. An object that serves as an enumeration has a capital: `Health`. */
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

/** The first lines of a file tell what it is for. */
export const header: Rule = {
  asks: 'does not open with a comment that says what it is and promises, and a blank line after it',
  faults: ({ text }) => (/^(?:#!.*\n)?(?:\/\/.*\n)+\n/u.test(text) ? [] : [0]),
};

/** Functions of a module are declarations, which may be used before their line. A constant with a type may be an arrow. */
export const declarations: Rule = {
  asks: 'keeps a function in a constant: declare it (function name() {})',
  faults({ file, program }) {
    if (!file.startsWith('src/')) return [];
    return program.body
      .map((statement) => (statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement))
      .flatMap((one) => (one?.type === 'VariableDeclaration' && one.kind === 'const' ? one.declarations : []))
      .filter(({ id, init }) => {
        const isFunction = init?.type === 'ArrowFunctionExpression' || init?.type === 'FunctionExpression';
        return isFunction && !('typeAnnotation' in id && id.typeAnnotation);
      })
      .map(({ start }) => start);
  },
};

/** Private members are written with `#`; only a constructor needs the keyword `private`. */
export const privateNames: Rule = {
  asks: 'says private: write #name',
  faults({ program }) {
    const found: number[] = [];
    new Visitor({
      PropertyDefinition({ accessibility, start }) {
        if (accessibility === 'private') found.push(start);
      },
      MethodDefinition({ accessibility, kind, start }) {
        if (accessibility === 'private' && kind !== 'constructor') found.push(start);
      },
    }).visit(program);
    return found;
  },
};

/** The only test that waits for a time: it kills processes at random moments. */
const mayWait = new Set(['test/interop/killing.ts']);

/** Tests wait for events, or advance a clock of their own (`t.mock.timers`, `Deadlines`). */
export const sleeps: Rule = {
  asks: 'waits for a time: wait for an event, or use virtual time',
  faults({ file, program }) {
    if (!file.startsWith('test/') || mayWait.has(file)) return [];
    const found: number[] = [];
    new Visitor({
      CallExpression({ callee, start }) {
        if (callee.type === 'Identifier' && /^(?:setTimeout|setInterval|sleep)$/u.test(callee.name))
          found.push(start);
      },
      ImportSpecifier({ imported, start }) {
        if (imported.type === 'Identifier' && imported.name === 'setTimeout') found.push(start);
      },
    }).visit(program);
    return found;
  },
};

/** A title says what happens, as a sentence without a full stop. The title of `it` continues that of its `describe`. */
export const titles: Rule = {
  asks: 'has a title that does not say what happens ("should ...", a full stop), or it without describe',
  faults({ file, program }) {
    if (!file.endsWith('.test.ts')) return [];
    const found: number[] = [];
    let depth = 0;
    const isNamed = (callee: { readonly type: string; readonly name?: unknown }, name: string): boolean =>
      callee.type === 'Identifier' && callee.name === name;
    new Visitor({
      CallExpression({ callee, arguments: [title], start }) {
        if (isNamed(callee, 'describe')) depth++;
        const isIt = isNamed(callee, 'it');
        if (!isIt && !isNamed(callee, 'test')) return;
        const text = title?.type === 'Literal' && typeof title.value === 'string' ? title.value : '';
        if (isIt !== depth > 0 || /^should\b|\.$/u.test(text)) found.push(start);
      },
      'CallExpression:exit'({ callee }) {
        if (isNamed(callee, 'describe')) depth--;
      },
    }).visit(program);
    return found;
  },
};

/** Types that rooms share are readonly; a type that is changed in place is declared beside the code that changes it. */
export const readonlyTypes: Rule = {
  asks: 'has a property that may be changed in a file of types: say readonly',
  faults({ file, program }) {
    if (!/^src\/.*\b(?:types|ports)\.ts$/u.test(file)) return [];
    const found: number[] = [];
    new Visitor({
      TSPropertySignature({ readonly, start }) {
        if (!readonly) found.push(start);
      },
    }).visit(program);
    return found;
  },
};

/** Highest number of lines of a source file, and of a test, model or benchmark, whose tables may be long. */
const mostLines = 300;
const mostTestLines = 400;

function mostLinesOf(file: string): number {
  return /^(?:test|sim|bench)\//u.test(file) ? mostTestLines : mostLines;
}

/**
 * Files that were longer when this rule was introduced, each with its own limit. The list may only shrink: split a file and
 * remove it here. Add none.
 */
const longFiles: ReadonlyMap<string, number> = new Map([
  ['src/dns/dispatcher.ts', 350],
  ['src/io/steady-clock.ts', 310],
  ['src/log/line-writer.ts', 310],
  ['src/protocol/smtp/client/client-session.ts', 340],
  ['src/protocol/smtp/server/server-session.ts', 335],
  ['src/protocol/smtp/client/transactions.ts', 350],
  ['src/settings/capacity.ts', 320],
  ['src/spool/segments/journal-writer.ts', 350],
  ['test/config/bad-configurations.test.ts', 620],
  ['test/protocol/smtp/client/dialogues.ts', 770],
  ['test/route/mx-resolution.test.ts', 410],
  ['test/spool/segments/damage-model.ts', 455],
  ['test/spool/segments/spool-model.ts', 410],
]);

/** A file has one concept, and so few lines. */
export const lengths: Rule = {
  asks: `is longer than ${mostLines} lines (in test, sim and bench: ${mostTestLines}), or than longFiles in test/architecture/style.ts allows: split it`,
  faults({ file, text }) {
    const most = longFiles.get(file) ?? mostLinesOf(file);
    const lines = text.split('\n').length - 1;
    return lines > most ? [text.length] : [];
  },
};

/** Entries of the list of longer files that are not needed: the file does not exist, or is short enough. */
export function needlessExceptions(sources: readonly Source[]): string[] {
  const lines = new Map(sources.map(({ file, text }) => [file, text.split('\n').length - 1]));
  return [...longFiles.keys()].filter((file) => (lines.get(file) ?? 0) <= mostLinesOf(file));
}

/** `rmSync` loses the system's error code (Node 26); `removeFile` of src/io keeps it. */
export const removals: Rule = {
  asks: 'imports rmSync: use removeFile or removeLeftover of src/io/remove-file.ts',
  faults({ file, program }) {
    if (!file.startsWith('src/')) return [];
    const found: number[] = [];
    new Visitor({
      ImportSpecifier({ imported, start }) {
        if (imported.type === 'Identifier' && imported.name === 'rmSync') found.push(start);
      },
    }).visit(program);
    return found;
  },
};

export const allRules: readonly Rule[] = [
  increments,
  constants,
  header,
  declarations,
  privateNames,
  sleeps,
  titles,
  readonlyTypes,
  lengths,
  removals,
];
