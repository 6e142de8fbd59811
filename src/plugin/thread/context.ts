// What a plugin is given, in its thread: what it needs of the process goes by calls.

import { DatabaseSync } from 'node:sqlite';

import { mistakeText } from '../mistake-text.ts';
import type { PluginContext, PluginDns } from '../types.ts';
import type { DnsType, ThreadData } from '../wire.ts';
import type { Outbox } from './outbox.ts';
import { State } from './state.ts';
import { Tasks } from './tasks.ts';
import { Web } from './web.ts';

/** What has to be ended with the plugin. */
export interface OpenContext {
  readonly context: PluginContext;
  /** Ends timers: the plugin is told afterwards that it ends. */
  stop(): void;
  /** Closes what the plugin may use until it has ended. */
  close(): void;
}

export function openContext({ name, options, folder }: ThreadData, outbox: Outbox): OpenContext {
  const now = (): number => Date.now();
  const dns = dnsBy(outbox);
  const web = new Web(dns);
  const tasks = new Tasks((error) => outbox.complain(`one of its timers failed: ${mistakeText(error)}`));
  const state = new State(folder, (path) => new DatabaseSync(path), now);
  return {
    context: {
      name,
      options,
      folder,
      state,
      now,
      log: (text) => outbox.log(String(text)),
      every: (ms, act) => tasks.every(ms, act),
      after: (ms, act) => tasks.after(ms, act),
      dns,
      fetch: web.fetch,
    },
    stop: () => tasks.end(),
    close: () => {
      web.close();
      state.close();
    },
  };
}

function dnsBy(outbox: Outbox): PluginDns {
  const ask =
    <Record>(type: DnsType) =>
    async (name: string): Promise<readonly Record[]> =>
      (await outbox.call({ kind: 'dns', type, name: String(name) })) as readonly Record[];
  return { a: ask('a'), aaaa: ask('aaaa'), txt: ask('txt'), mx: ask('mx'), ptr: ask('ptr') };
}
