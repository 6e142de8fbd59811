// What the completions of all shells have in common.

import type { OptionDoc } from './command-doc.ts';

/** Names of values and arguments that are files or folders. */
const fileNames =
  /^(?:file|files|folder|folders|backup|output|target|log|logs|path|paths|text|database|certificate)$/;

/** Is a value or an argument of this name a file? */
export function isFile(name: string): boolean {
  return fileNames.test(name);
}

/** Text in single quotes of a shell. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The names of an option, the short one first. */
export function namesOf({ short, long }: OptionDoc): readonly string[] {
  return [short, long].filter((name) => name !== undefined);
}
