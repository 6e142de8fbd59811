// The file control/smtpplugins of qmail-spp: which plugins are run at which command of a client.

/** The sections, by their first letter, which is what qmail-spp looks at. */
const sections = {
  c: 'connection',
  h: 'helo',
  a: 'auth',
  m: 'mail',
  r: 'rcpt',
  d: 'data',
} as const;

export type SppSection = (typeof sections)[keyof typeof sections];

/** The plugins of each section in the order of the file: a path, or `:` and a command for the shell. */
export type SppPlugins = Readonly<Record<SppSection, readonly string[]>>;

export type SppControl =
  | { readonly kind: 'plugins'; readonly plugins: SppPlugins }
  /** @param reason - a clause that names the line */
  | { readonly kind: 'malformed'; readonly reason: string };

/** Reads the file. A line that nobody can understand makes all of it malformed: a plugin that is left out would let mail through. */
export function parseSppControl(text: string): SppControl {
  const plugins: Record<SppSection, string[]> = {
    connection: [],
    helo: [],
    auth: [],
    mail: [],
    rcpt: [],
    data: [],
  };
  let section: SppSection | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    const malformed = (what: string): SppControl => ({
      kind: 'malformed',
      reason: `line ${index + 1} ${what}`,
    });
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      section = sections[line.charAt(1).toLowerCase() as keyof typeof sections];
      if (section === undefined)
        return malformed('begins a section other than connection, helo, auth, mail, rcpt and data');
    } else if (section === undefined) return malformed('names a plugin before the first section');
    else if (line.includes('\0')) return malformed('has a NUL character');
    else plugins[section].push(line);
  }
  return { kind: 'plugins', plugins };
}
