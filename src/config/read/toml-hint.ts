// Guesses what was meant by a line that is not TOML: most often a text without quotes, as other mail servers write it.

/** What to write instead. */
export interface TomlHint {
  /** The place in the line, from 0, of what is to be replaced. */
  readonly at: number;
  readonly text: string;
}

const words: ReadonlyMap<string, string> = new Map([
  ['true', 'true'],
  ['yes', 'true'],
  ['on', 'true'],
  ['false', 'false'],
  ['no', 'false'],
  ['off', 'false'],
]);

/** @param at - the place in the line, from 0, at which the parser stopped */
export function tomlHint(line: string, at: number): TomlHint | undefined {
  const equals = line.indexOf('=');
  // Without a key, the line may be an item of a list that is written over several lines.
  const isItem = equals === -1 && /^\s*[^\s,\]]+\s*(?:,|\])/u.test(line);
  if (!isItem && (equals === -1 || at < equals)) return keyHint(line);
  if (equals !== -1 && line.slice(0, equals).trim() === '') return undefined;
  if (line[at - 1] === '\\' || line[at] === '\\') {
    const text = `a backslash is written "\\\\"; between single quotes (') it stands for itself`;
    return { at: Math.max(line.lastIndexOf('\\', at), 0), text };
  }
  const found = bareText(line, isItem ? 0 : equals + 1, at);
  if (found === undefined || /\p{Cc}/u.test(found.text)) return undefined;
  const { from, text } = found;
  const plain = text.replaceAll(/[\u2018\u2019\u201a-\u201f\u00ab\u00bb]/gu, '');
  if (plain !== text)
    return { at: from, text: `the quotes of TOML are straight: write ${JSON.stringify(plain)}` };
  const word = words.get(text.toLowerCase());
  if (word !== undefined) return { at: from, text: `write ${word}` };
  return { at: from, text: `a text needs quotes: write ${JSON.stringify(text)}` };
}

/** `key: value` of YAML, `key value`. */
function keyHint(line: string): TomlHint | undefined {
  const [, before = '', name, value = ''] = /^(\s*)([\w.-]+)(?:\s*:\s+|\s+)([^=]*)$/u.exec(line) ?? [];
  if (name === undefined || value.trim() === '') return undefined;
  return {
    at: before.length,
    text: `a key and its value are separated by an equals sign: write ${name} = ...`,
  };
}

/** The unquoted text around a place: the whole value, or one item of a list or an inline table. */
function bareText(
  line: string,
  start: number,
  at: number,
): { readonly from: number; readonly text: string } | undefined {
  for (const { index, 0: text } of line.matchAll(/\[[0-9a-f.]*:[0-9a-f:.]*\](?::\d+)?/giu)) {
    if (index >= start && index <= at && at < index + text.length) return { from: index, text };
  }
  const value = line.slice(start).replace(/#.*$/u, '');
  const whole = value.trim();
  if (/["']/u.test(whole[0] ?? '')) return undefined;
  if (!/[[\]{}",=]/u.test(whole)) {
    return whole === '' ? undefined : { from: start + value.indexOf(whole), text: whole };
  }
  let from = at;
  let end = at;
  while (from > start && isBare(line[from - 1])) from--;
  while (isBare(line[end])) end++;
  return from === end ? undefined : { from, text: line.slice(from, end) };
}

function isBare(character: string | undefined): boolean {
  return character !== undefined && !/[\s,[\]{}"'#=\0]/u.test(character);
}
