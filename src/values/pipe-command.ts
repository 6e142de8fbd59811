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
    let unfit: FilledCommand | undefined;
    const text = part.replaceAll(variable, (_, name: PipeVariable) => {
      const why = whyUnfit(values[name], part);
      if (why !== undefined) unfit ??= { kind: 'unfit', variable: name, why };
      return values[name];
    });
    if (unfit !== undefined) return unfit;
    filled.push(text);
  }
  return { kind: 'filled', command: filled };
}

function whyUnfit(value: string, part: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\0-\x1f\x7f]/.test(value)) return 'has a control character';
  // At the beginning of an argument it would be an option.
  if (value.startsWith('-') && part.startsWith('${')) return 'begins with "-", as options of a program do';
  const isInPath = part.includes('/');
  if (isInPath && (value.includes('/') || value === '.' || value === '..'))
    return 'would lead to another folder';
  return undefined;
}
