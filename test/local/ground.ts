// Users of the system for tests: each has a home in a temporary folder and a number of its own, which no user of this machine has. Only root can become
// such a user; others deliver to themselves.

import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { PipeFacts } from '../../src/deliver/pipe/pipe-values.ts';
import { readReport, type SystemReport } from '../../src/deliver/system/job.ts';
import { type SystemEnd, SystemRuns } from '../../src/deliver/system/system-runs.ts';
import type { FoundUser } from '../../src/io/system-users.ts';
import type { SystemWay } from '../../src/values/system-way.ts';

export const isRoot = process.getuid?.() === 0;

export const usualWay: SystemWay = {
  kind: 'local',
  aliases: [],
  permits: ['program', 'file', 'include'],
  instructions: 'qmail',
  mailbox: './Maildir/',
  separators: '-',
  leastUid: 1,
  perUser: 4,
  timeMs: 60_000,
  processes: 256,
  outputBytes: 64 * 1024,
};

export const usualFacts: PipeFacts = {
  sender: 'a@from.test',
  recipient: 'joe@here.test',
  originalRecipient: 'joe@here.test',
  queueId: 'Q1',
  sizeBytes: 100,
  nowMs: Date.UTC(2026, 10, 30, 12),
};

export const message = 'Subject: hello\n\nFrom here on\n.\n';

export interface Ground {
  /** Anybody may pass through it. */
  readonly folder: string;
  home(user: string): string;
  /** A file of the user, in the home if the path is a relative one. */
  file(user: string, path: string, content: string, mode?: number): string;
  run(changed?: Partial<SystemWay>, facts?: Partial<PipeFacts>, signal?: AbortSignal): Promise<SystemEnd>;
  /** What became of a run that has reported. */
  report(changed?: Partial<SystemWay>, facts?: Partial<PipeFacts>): Promise<SystemReport>;
}

/** @param names - with their homes made; the first has the number 54321 */
export function ground(t: TestContext, names: readonly string[] = ['joe'], content = message): Ground {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-users-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const users = new Map<string, Extract<FoundUser, { readonly kind: 'user' }>>();
  for (const [index, name] of names.entries()) {
    const id = isRoot ? 54_321 + index : (process.getuid?.() ?? 0);
    const gid = isRoot ? id : (process.getgid?.() ?? 0);
    const home = join(folder, name);
    mkdirSync(home, { mode: 0o755 });
    chownSync(home, id, gid);
    users.set(name, { kind: 'user', name, uid: id, gid, home });
  }
  const runs = new SystemRuns(undefined, {
    find: async (name) => users.get(name) ?? { kind: 'absent' },
  });
  const path = join(folder, 'message');
  writeFileSync(path, content, { mode: 0o600 });
  const home = (user: string): string => users.get(user)?.home ?? '';
  const run: Ground['run'] = (changed = {}, facts = {}, signal = new AbortController().signal) =>
    runs.run(
      {
        way: { ...usualWay, ...changed },
        facts: { ...usualFacts, ...facts },
        isExpanded: false,
        open: () => openSync(path, 'r'),
        close: closeSync,
      },
      signal,
    );
  return {
    folder,
    home,
    file: (user, name, text, mode = 0o600) => {
      const { uid = 0, gid = 0 } = users.get(user) ?? {};
      const at = name.startsWith('/') ? name : join(home(user), name);
      for (const missing of missingFolders(dirname(at))) {
        mkdirSync(missing, { mode: 0o755 });
        chownSync(missing, uid, gid);
      }
      writeFileSync(at, text);
      chownSync(at, uid, gid);
      chmodSync(at, mode);
      return at;
    },
    run,
    report: async (changed, facts) => {
      const end = await run(changed, facts);
      if (end.kind === 'fault' || end.kind === 'done') return end;
      const report = end.kind === 'ended' ? readReport(end.printed) : undefined;
      if (report === undefined) throw new Error(`no report: ${JSON.stringify(end)}`);
      return report;
    },
  };
}

function missingFolders(folder: string): readonly string[] {
  const missing: string[] = [];
  for (let at = folder; !isFolder(at); at = dirname(at)) missing.unshift(at);
  return missing;
}

function isFolder(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'));
    return true;
  } catch {
    return false;
  }
}
