// The text of an error for people: its code, what happened, and what to do. A stack trace only if asked for.

import { SluiceError } from '../errors/sluice-error.ts';

/** The text for standard error, with its line end. */
export function errorText(error: unknown, debug: boolean): string {
  const lines: string[] = [];
  if (error instanceof SluiceError) {
    lines.push(`${error.code}: ${error.message}`);
    if (error.advice !== '') lines.push(`  ${error.advice}`);
  } else {
    lines.push(`INTERNAL: ${error instanceof Error ? error.message : String(error)}`);
    if (!debug)
      lines.push(
        '  This is a mistake in Sluice. Run the command again with --debug, and report what it prints.',
      );
  }
  if (debug && error instanceof Error) lines.push(error.stack ?? '');
  return `${lines.join('\n')}\n`;
}
