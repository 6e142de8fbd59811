// Characters that no text of people or servers may carry into a log line, a terminal or a report: they end a line, move the
// cursor, or change the order in which the rest of the line is shown.

/**
 * Control characters (C0, DEL, C1), Unicode's line ends, and its bidirectional controls: marks (U+061C, U+200E, U+200F),
 * embeddings and overrides (U+202A to U+202E), isolates (U+2066 to U+2069).
 */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const each = new RegExp(unprintable.source, 'g');
const runs = new RegExp(`${unprintable.source}+`, 'g');

export function hasUnprintable(text: string): boolean {
  return unprintable.test(text);
}

/** The text with `replacement` for each run of such characters. */
export function replaceUnprintableRuns(text: string, replacement: string): string {
  return unprintable.test(text) ? text.replaceAll(runs, replacement) : text;
}

/** The text with `replacement` for each such character. */
export function replaceUnprintable(text: string, replacement: string): string {
  return unprintable.test(text) ? text.replaceAll(each, replacement) : text;
}
