// A plugin of a test in a thread of its own, on a clock that goes faster than the real one.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { MessageChannel } from 'node:worker_threads';

import type { Timers } from '../../../src/io/timers.ts';
import { nodeTimers } from '../../../src/io/timers.ts';
import { openPluginHost } from '../../../src/plugin/host/open-host.ts';
import type { PluginHost } from '../../../src/plugin/host/plugin-host.ts';
import type { PluginSettings } from '../../../src/plugin/host/plugin-settings.ts';
import type { PluginLookups } from '../../../src/plugin/host/lookups.ts';
import { Troubles } from '../../../src/stats/troubles.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

/** So much faster goes the clock: a time limit of 20 s is over after one. */
const factor = 20;

export const fastTimers: Timers = {
  ...nodeTimers,
  nowMs: () => performance.now() * factor,
  setTimeout: (act, delayMs) => nodeTimers.setTimeout(act, delayMs / factor),
  setInterval: (act, everyMs) => nodeTimers.setInterval(act, everyMs / factor),
};

/** No limit that a busy machine would exceed. */
export const patient = 2_000_000;

export interface PluginFixture {
  readonly host: PluginHost;
  readonly file: string;
  /** Writes a file beside the plugin. */
  write(name: string, text: string): void;
  readonly lines: string[];
  readonly troubles: Troubles;
  /** Resolves when the log has a line, from a place in `lines` on. */
  line(text: RegExp, from?: number): Promise<string>;
  readonly settings: PluginSettings;
  /** Sets the time limit: 20 s, or none that a busy machine would exceed. */
  limit(kind: 'short' | 'patient'): void;
}

/** Answers of the DNS in tests: nothing is found. */
export const noLookups: PluginLookups = {
  addresses: () => Promise.resolve({ kind: 'nxdomain', ttlSeconds: 1, authenticated: false }),
  txt: () => Promise.resolve({ kind: 'nxdomain', ttlSeconds: 1, authenticated: false }),
  mx: () => Promise.resolve({ kind: 'nxdomain', ttlSeconds: 1, authenticated: false }),
  ptr: () => Promise.resolve({ kind: 'nxdomain', ttlSeconds: 1, authenticated: false }),
};

interface PluginGiven extends Partial<PluginSettings> {
  readonly setupMs?: number;
  readonly lookups?: PluginLookups;
  readonly timers?: Timers;
}

/** @param text - the source of the plugin */
export function pluginFixture(
  t: TestContext,
  text: string,
  { setupMs = patient, lookups = noLookups, timers = fastTimers, ...given }: PluginGiven = {},
): PluginFixture {
  const { path: folder, atEnd } = temporaryFolder(t, 'plugin');
  mkdirSync(join(folder, 'code'));
  const write = (name: string, content: string): void => writeFileSync(join(folder, 'code', name), content);
  write('tried.ts', text);
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const add = (line: string): void => {
    lines.push(line);
    for (const look of waiting) look();
  };
  const settings: PluginSettings = {
    name: 'tried',
    file: join(folder, 'code', 'tried.ts'),
    options: {},
    folder: join(folder, 'state'),
    timeLimitMs: patient,
    mostQuestions: 100,
    mostWaiting: 100,
    memoryBytes: 64 * 1024 ** 2,
    ...given,
  };
  const troubles = new Troubles();
  const log = { info: add, error: add };
  const host = openPluginHost(settings, {
    log,
    troubles,
    timers,
    lookups,
    environment: {},
    setupMs,
  });
  // The threads do not keep the process of the test.
  const keeping = new MessageChannel().port1.on('message', () => undefined);
  atEnd(async () => {
    await host.close();
    keeping.close();
  });
  const line = (wanted: RegExp, from = 0): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = lines.slice(from).find((each) => wanted.test(each));
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  const limit = (kind: 'short' | 'patient'): void =>
    host.configure({ ...settings, timeLimitMs: kind === 'short' ? 20_000 : patient });
  return { host, file: settings.file, write, lines, troubles, line, settings, limit };
}
