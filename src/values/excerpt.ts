// The line of a file that a problem is in, with a mark under the place.

const maxShownCharacters = 100;

/** Two lines of text: the line with its number, and a mark under the column. Line and column are counted from 1. */
export function excerptOf(text: string, place: { readonly line: number; readonly column: number }): string {
  const lines = text.split(/\r\n|[\r\n]/, place.line);
  const whole = (lines[place.line - 1] ?? '').replaceAll('\t', ' ').replaceAll(/[\x00-\x1f\x7f]/g, '?');
  const from = place.column <= maxShownCharacters - 20 ? 0 : place.column - 40;
  const shown = whole.slice(from, from + maxShownCharacters);
  const margin = `  ${place.line} | `;
  return `${margin}${shown}\n${' '.repeat(margin.length - 2)}| ${' '.repeat(Math.max(place.column - 1 - from, 0))}^`;
}
