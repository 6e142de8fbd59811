// What a plugin is given in a trial: its options, and nothing of the world. Promises: whatever its setup does with it has no effect outside.

import { fakeState } from '../testing/fake-state.ts';
import { Tasks } from '../thread/tasks.ts';
import type { PluginContext } from '../types.ts';
import type { TriedPlugin } from './trial-types.ts';

/**
 * @param folder - an empty one
 * @param misses - called with what the plugin asks for that a server has, and a trial has not
 */
export function trialContext(
  { name, options }: TriedPlugin,
  folder: string,
  misses: (what: string) => void,
): PluginContext {
  const now = (): number => Date.now();
  const state = fakeState(now);
  const tasks = new Tasks(() => undefined);
  const missing = (what: string) => (): Promise<never> => {
    misses(what);
    return Promise.reject(new Error(`a trial has no ${what}`));
  };
  const dns = missing('DNS');
  return {
    name,
    options,
    get folder() {
      misses('files in its folder');
      return folder;
    },
    state: {
      ...state,
      get(key) {
        misses('state');
        return state.get(key);
      },
      add(key, amount, keepMs) {
        misses('state');
        return state.add(key, amount, keepMs);
      },
    },
    now,
    log: () => undefined,
    every: (ms, act) => tasks.every(ms, act),
    after: (ms, act) => tasks.after(ms, act),
    dns: { a: dns, aaaa: dns, txt: dns, mx: dns, ptr: dns },
    fetch: missing('web'),
  };
}
