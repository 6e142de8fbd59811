// What an error of a stage says, on one line and of bounded length: it goes to the log and into troubles.

const mostCharacters = 200;

export function errorText(error: unknown): string {
  return textOf(error).replaceAll(/\s+/g, ' ').slice(0, mostCharacters);
}

/** Anything may be thrown, also what throws when it is looked at. */
function textOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return 'an error that cannot be read';
  }
}
