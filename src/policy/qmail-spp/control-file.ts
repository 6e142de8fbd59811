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

/** Those that are reached before it is known whose mail it is. */
const beforeMail: ReadonlySet<SppSection> = new Set(['connection', 'helo', 'auth']);

/**
 * Reads the file for a stage that is asked about mail of some tenants alone.
 * @throws {Error} also when a plugin would never be run
 */
export function parseTenantSppControl(text: string): SppPlugins {
  const plugins = parseSppControl(text);
  for (const section of beforeMail) {
    if (plugins[section].length > 0)
      throw new Error(
        `it has plugins in [${section}], which is over before it is known whose mail it is; a stage with tenant has [mail], [rcpt] and [data] alone`,
      );
  }
  return plugins;
}

/**
 * Reads the file.
 * @throws {Error} with a clause that names the line which nobody can understand: a plugin that is left out would let mail through
 */
export function parseSppControl(text: string): SppPlugins {
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
    const malformed = (what: string): Error => new Error(`line ${index + 1} ${what}`);
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      section = sections[line.charAt(1).toLowerCase() as keyof typeof sections];
      if (section === undefined)
        throw malformed('begins a section other than connection, helo, auth, mail, rcpt and data');
    } else if (section === undefined) throw malformed('names a plugin before the first section');
    else if (line.includes('\0')) throw malformed('has a NUL character');
    else plugins[section].push(line);
  }
  return plugins;
}
