// What is wrong with a plugin, and where, for its author.

import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * The message of an error on one line, and below it the place in the plugin's folder that it comes from.
 * @param file - of the plugin
 */
export function mistakeIn(error: unknown, file: string): string {
  if (!(error instanceof Error)) return `it threw ${String(error)}`;
  const stack = error.stack ?? '';
  const place = syntaxPlace(stack) ?? placeIn(stack, `${pathToFileURL(dirname(file)).href}/`);
  const message = error.message.replaceAll(/\s+/gu, ' ');
  return place === undefined ? message : `${message}\n            at ${place}`;
}

/** The first line of a stack that is in the folder: `/etc/sluice/plugins/a.ts:3:5`. */
function placeIn(stack: string, folder: string): string | undefined {
  const start = stack.indexOf(folder);
  if (start === -1) return undefined;
  const [place] = /^[^\s)]+/u.exec(stack.slice(start)) ?? [];
  return place === undefined ? undefined : decodeURI(place.slice('file://'.length));
}

/** For a mistake in the syntax, Node puts the place before the stack, and lines of the source with a caret below the one that is meant. */
function syntaxPlace(stack: string): string | undefined {
  const [, place] = /^(?:file:\/\/)?(\/[^\n]*:\d+)\n/u.exec(stack) ?? [];
  if (place === undefined) return undefined;
  const [, line] = /\n([^\n]*)\n\s*\^+\n/u.exec(stack) ?? [];
  return line === undefined ? place : `${place}: ${line.trim()}`;
}
