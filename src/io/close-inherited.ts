// Descriptors that this process got from whoever started it, beside 0 to 2: what Node opens itself is closed on exec(2), so what is not was inherited.

import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** fcntl(2): O_CLOEXEC on Linux. */
const closedOnExec = 0o200_0000;

/**
 * Closes them, so that no program has them that this process starts.
 * @param given - those that it was given on purpose
 */
export function closeInherited(given: readonly number[] = []): void {
  let names: readonly string[];
  try {
    names = readdirSync('/proc/self/fdinfo');
  } catch {
    // There is no /proc.
    return;
  }
  for (const descriptor of names.map(Number)) {
    if (descriptor <= 2 || given.includes(descriptor)) continue;
    try {
      const [, flags = ''] =
        /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')) ?? [];
      if (flags !== '' && (Number.parseInt(flags, 8) & closedOnExec) === 0) closeSync(descriptor);
    } catch {
      // It was that of the folder.
    }
  }
}
