// The error of a simulation that failed: which seed it was, why, and the command that repeats this seed alone.

/** @param command - run in the folder of the checkout; `npx node` is the Node of this project, whatever the machine has */
export function seedFailed(seed: number, error: unknown, command: string): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return new Error(`seed ${seed}: ${reason}\nRepeat it: ${command}`, { cause: error });
}

/** A command that evaluates a call of what a file exports. */
export function evaluate(file: string, name: string, call: string): string {
  return `npx node -e "import('./${file}').then(({ ${name} }) => ${call.replaceAll('"', "'")})"`;
}
