// A folder of a test's own. Promises: it is removed after the test, and only when everything that writes there has ended.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

type Ending = () => unknown;

export interface TemporaryFolder {
  readonly path: string;
  /**
   * Runs before the folder is removed, and is waited for: give it here, not to `t.after`, since Node runs those in the
   * order in which they were given, and the folder would be gone by then. The last one given runs first.
   */
  atEnd(ending: Ending): void;
}

/** @param name - of the test's subject, for people who find the folder after a test was killed */
export function temporaryFolder(t: TestContext, name: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `sluice-${name}-`));
  const endings: Ending[] = [];
  t.after(async () => {
    for (const ending of endings.toReversed()) await ending();
    rmSync(path, { recursive: true });
  });
  return { path, atEnd: (ending) => endings.push(ending) };
}
