// What an error of a stage says, on one line and of bounded length: it goes to the log and into troubles.

const mostCharacters = 200;

export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s+/g, ' ').slice(0, mostCharacters);
}
