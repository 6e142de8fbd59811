// Writes plain values as TOML text.

/** A string, number, boolean, or a list or inline table of them, as it is written after the equals sign. */
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
