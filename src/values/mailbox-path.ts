// Where mailboxes are: a path with facts of the user in their places. Promises: no name of a user leads to another folder, or leaves one out.

/** The names that may stand in the path as `${name}`. */
export const mailboxVariables = ['domain', 'user'] as const;
export type MailboxVariable = (typeof mailboxVariables)[number];
export type MailboxValues = Readonly<Record<MailboxVariable, string>>;

const variable = /\$\{([^}]*)\}/g;
const names: ReadonlySet<string> = new Set(mailboxVariables);
/** Of one name in a folder, on all usual file systems. */
const mostNameBytes = 255;

/** What is wrong with such a path, as a clause; undefined: nothing. */
export function mailboxPathFault(path: string): string | undefined {
  if (path.includes('\0')) return 'must not contain a NUL';
  const used = Array.from(path.matchAll(variable), ([, name = '']) => name);
  const unknown = used.find((name) => !names.has(name));
  if (unknown !== undefined) return `has \${${unknown}}, which is none of \${domain}, \${user}`;
  if (!used.includes('user')) return 'needs ${user}: without it, all users would have one mailbox';
  const parts = path.split('/');
  if (parts.includes('..')) return 'must not lead upwards by ".."';
  return undefined;
}

/** The folders in front of the first name with a variable, which must be there before any mailbox is. */
export function mailboxBase(path: string): string {
  const fixed = path.slice(0, path.indexOf('${'));
  const slash = fixed.lastIndexOf('/');
  return slash <= 0 ? '/' : fixed.slice(0, slash);
}

export type FilledPath =
  | { readonly kind: 'filled'; readonly path: string }
  /** `why` follows the value as a clause. */
  | { readonly kind: 'unfit'; readonly variable: MailboxVariable; readonly why: string };

/** @param path - in which `mailboxPathFault` finds nothing */
export function fillMailboxPath(path: string, values: MailboxValues): FilledPath {
  for (const each of mailboxVariables) {
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    if (/[\0-\x1f\x7f]/.test(values[each]))
      return { kind: 'unfit', variable: each, why: 'has a control character' };
    if (values[each].includes('/')) return { kind: 'unfit', variable: each, why: 'has a "/"' };
  }
  const filled: string[] = [];
  for (const part of path.split('/')) {
    const [, used] = /\$\{(domain|user)\}/.exec(part) ?? [];
    const name = part.replaceAll(variable, (_, each: MailboxVariable) => values[each]);
    if (used !== undefined) {
      const why = nameFault(name);
      if (why !== undefined) return { kind: 'unfit', variable: used as MailboxVariable, why };
    }
    filled.push(name);
  }
  return { kind: 'filled', path: filled.join('/') };
}

/** Why this is no name of a folder below the one before it, as a clause; undefined: it is one. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'leaves a name empty in the path';
  if (name === '.' || name === '..') return 'would lead to another folder';
  return Buffer.byteLength(name) > mostNameBytes ? 'is too long for the name of a folder' : undefined;
}
