// Shared by the tests of operators' overrides: a folder, and overrides that are kept in it.

import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { OverrideChange } from '../../src/control/operations/overrides.ts';
import { nodeTimers } from '../../src/io/timers.ts';
import { Overrides, type OverridesParts } from '../../src/manager/overrides.ts';
import { nodeFiles } from '../../src/spool/file-layer.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type KeptLog, keptLog } from '../process/quiet-log.ts';

export const aol = { target: 'domain:aol.com', label: '' };
export const all = { target: 'all', label: '' };

export interface Ground {
  readonly path: string;
  readonly folder: string;
  readonly log: KeptLog;
  /** Calls when the list is another one. */
  changed: () => void;
  open(parts?: Partial<OverridesParts>): Promise<Overrides>;
}

export function ground(t: TestContext): Ground {
  const { path: folder, atEnd } = temporaryFolder(t, 'overrides');
  const path = join(folder, 'overrides.json');
  const log = keptLog();
  const made: Ground = {
    path,
    folder,
    log,
    changed: () => undefined,
    open: async (parts = {}) => {
      const overrides = await Overrides.open({
        path,
        files: nodeFiles,
        timers: nodeTimers,
        log,
        dateMs: Date.now,
        endsMs: Date.now,
        changed: () => made.changed(),
        ...parts,
      });
      atEnd(() => overrides.close());
      return overrides;
    },
  };
  return made;
}

export function suspend(more: Partial<OverrideChange> = {}): Omit<OverrideChange, 'targets'> {
  return { kind: 'suspend', reason: '', by: '', ...more };
}

export function limit(
  quantities: NonNullable<OverrideChange['quantities']>,
  more: Partial<OverrideChange> = {},
) {
  return { kind: 'limit', reason: '', by: '', quantities, ...more } as const;
}
