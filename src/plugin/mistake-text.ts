// An error of a plugin in one line, with the place in its source.

import { SluiceError } from '../errors/sluice-error.ts';

/** The folder of Sluice's own code, of which no author has to know places. */
const own = new URL('../', import.meta.url).pathname;

/** It never throws: anything may be thrown, also what throws when it is looked at. */
export function mistakeText(error: unknown): string {
  try {
    return textOf(error);
  } catch {
    return 'an error that cannot be read';
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack = '' } = error;
  const kind = name === 'Error' || error instanceof SluiceError ? '' : `${name}: `;
  const [first = ''] = message.split('\n');
  const place = placeIn(stack);
  return place === undefined || first.includes(place) ? `${kind}${first}` : `${kind}${first} (${place})`;
}

/** The file and line of an author: a syntax error begins its stack with it, and other errors have it in a line of their own. */
function placeIn(stack: string): string | undefined {
  const [, mistake] = /^(?:file:\/\/)?(\/[^\n]*:\d+)\n/u.exec(stack) ?? [];
  const called = [...stack.matchAll(/file:\/\/(\/[^\s)]+?:\d+):\d+\)?(?:\n|$)/gu)].map(
    ([, place = '']) => place,
  );
  return [mistake, ...called].find((place) => place !== undefined && !place.startsWith(own));
}
