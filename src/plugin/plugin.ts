// Makes a plugin.

import type { Plugin, PluginSetup } from './types.ts';

/**
 * Makes a plugin, which is the default export of its file:
 *
 * ```ts
 * import { goOn, plugin, reject } from 'sluice/plugin';
 *
 * export default plugin((context) => {
 *   context.log('ready');
 *   return {
 *     rcpt({ recipient }) {
 *       return recipient.address.startsWith('nobody@') ? reject('550 5.1.1', 'No such user here') : goOn;
 *     },
 *   };
 * });
 * ```
 */
export function plugin(setup: PluginSetup): Plugin {
  return { sluicePlugin: 1, setup };
}
