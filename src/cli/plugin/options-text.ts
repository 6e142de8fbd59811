// The options of a plugin on the command line, as JSON.

import { InvalidArgumentError } from 'commander';

/** @throws {InvalidArgumentError} for anything but an object */
export function readOptionsText(text: string): Readonly<Record<string, unknown>> {
  let options: unknown;
  try {
    options = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(
      `It is no JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidArgumentError('Write an object, such as {"limit": 5}.');
  }
  return options as Readonly<Record<string, unknown>>;
}
