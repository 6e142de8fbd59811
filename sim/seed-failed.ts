// The error of a simulation that failed: its seed, the reason, and the command that repeats this seed alone.

/** @param command - repeats the seed when run in the folder of the checkout; `npx node` runs the project's own Node */
export function seedFailed(seed: number, error: unknown, command: string): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return new Error(`seed ${seed}: ${reason}\nRepeat it: ${command}`, { cause: error });
}

/** A command that imports `name` from a file and evaluates `call`. */
export function evaluate(file: string, name: string, call: string): string {
  return `npx node -e "import('./${file}').then(({ ${name} }) => ${call.replaceAll('"', "'")})"`;
}
