// What every program of an administrator gets of the environment of Sluice.

/** What programs cannot do without: there may be secrets in the rest. */
const inherited = ['PATH', 'HOME', 'LANG', 'TZ'] as const;

/** The variables that each program gets. */
export function inheritedVariables(): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const name of inherited) {
    const value = process.env[name];
    if (value !== undefined) variables[name] = value;
  }
  return variables;
}
