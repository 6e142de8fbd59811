// Which `*.suffix` a domain is below: the longest one.

/** The value of the longest proper suffix, at a dot, that `suffixes` has. */
export function longestSuffix<T>(suffixes: ReadonlyMap<string, T>, domain: string): T | undefined {
  if (suffixes.size === 0 || domain.startsWith('[')) return undefined;
  for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.', dot + 1)) {
    const value = suffixes.get(domain.slice(dot + 1));
    if (value !== undefined) return value;
  }
  return undefined;
}
