// The command of a [[route]] with pipe: its arguments with facts of the mail in their places. Promises: no address becomes an option of the
// program, leads out of a folder, or ends an argument.

/** The names that may stand in an argument as `${name}`. */
export const pipeVariables = [
  'recipient',
  'user',
  'extension',
  'mailbox',
  'domain',
  'original_recipient',
  'sender',
  'queue_id',
  'size',
] as const;
export type PipeVariable = (typeof pipeVariables)[number];

const variable = /\$\{([^}]*)\}/g;
const names: ReadonlySet<string> = new Set(pipeVariables);

/** What is wrong with a command, and with which of its parts; undefined: nothing. */
export function commandFault(
  command: readonly string[],
): { readonly text: string; readonly at: number } | undefined {
  for (const [at, part] of command.entries()) {
    if (part.includes('\0')) return { text: 'must not contain a NUL', at };
    for (const [whole, name = ''] of part.matchAll(variable)) {
      if (at === 0) return { text: 'must be the path of one program, without ${...}', at };
      if (!names.has(name)) {
        const known = pipeVariables.map((each) => `\${${each}}`).join(', ');
        return { text: `has ${whole}, which is none of ${known}`, at };
      }
    }
  }
  if (command[0]?.startsWith('/') !== true)
    return { text: 'must begin with the absolute path of a program', at: 0 };
  return undefined;
}

export type PipeValues = Readonly<Record<PipeVariable, string>>;

/** The arguments, or which fact of the mail cannot stand in them. */
export type FilledCommand =
  | { readonly kind: 'filled'; readonly command: readonly string[] }
  | { readonly kind: 'unfit'; readonly variable: PipeVariable; readonly why: string };

/** @param command - in which `commandFault` finds nothing */
export function fillCommand(command: readonly string[], values: PipeValues): FilledCommand {
  const filled: string[] = [];
  for (const part of command) {
    const text = filledText(part, values);
    const unfit = unfitIn(part, text, values);
    if (unfit !== undefined) return unfit;
    filled.push(text);
  }
  return { kind: 'filled', command: filled };
}

function filledText(text: string, values: PipeValues): string {
  return text.replaceAll(variable, (_, name: PipeVariable) => values[name]);
}

function variablesIn(text: string): PipeVariable[] {
  return Array.from(text.matchAll(variable), ([, name]) => name as PipeVariable);
}

function unfitIn(part: string, text: string, values: PipeValues): FilledCommand | undefined {
  const used = variablesIn(part);
  const [first] = used;
  if (first === undefined) return undefined;
  for (const each of used) {
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    if (/[\0-\x1f\x7f]/.test(values[each]))
      return { kind: 'unfit', variable: each, why: 'has a control character' };
  }
  // The whole argument counts: of `${extension}-${user}`, an empty extension leaves an option.
  if (text.startsWith('-') && !part.startsWith('-')) {
    const begins = used.find((each) => values[each].startsWith('-'));
    const why =
      begins === undefined
        ? 'would leave an argument that begins with "-"'
        : 'begins with "-", as options of a program do';
    return { kind: 'unfit', variable: begins ?? first, why };
  }
  return part.includes('/') ? unfitInPath(part, values) : undefined;
}

/** A value must neither add a name to a path, nor take one out of it: both lead to another folder. */
function unfitInPath(part: string, values: PipeValues): FilledCommand | undefined {
  const why = 'would lead to another folder';
  for (const name of part.split('/')) {
    const used = variablesIn(name);
    const [first] = used;
    if (first === undefined) continue;
    const slashed = used.find((each) => values[each].includes('/'));
    if (slashed !== undefined) return { kind: 'unfit', variable: slashed, why };
    const text = filledText(name, values);
    if (text === '.' || text === '..') return { kind: 'unfit', variable: first, why };
    if (text === '')
      return { kind: 'unfit', variable: first, why: 'leaves a name empty in the path of an argument' };
  }
  return undefined;
}
