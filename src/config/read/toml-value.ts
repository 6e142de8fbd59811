// Plain values as TOML text.

/** A string, number, boolean or list of them, as it stands behind the equals sign. */
export function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item: unknown) => tomlValue(item)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, item]) => `${key} = ${tomlValue(item)}`)
      .join(', ')} }`;
  }
  // JSON's escapes are TOML's, except that TOML also wants DEL escaped.
  return typeof value === 'string' ? JSON.stringify(value).replaceAll('\x7f', '\\u007f') : String(value);
}
