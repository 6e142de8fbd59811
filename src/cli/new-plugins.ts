// Which plugins a reload would begin to use: the others run already.

import type { Config } from '../config/config.ts';
import type { PluginStageConfig } from '../config/stage-config.ts';

/** Tells the plugins of a later configuration that are not in this one as they are there. */
export function newPlugins({ stage: before }: Pick<Config, 'stage'>): (stage: PluginStageConfig) => boolean {
  const keyOf = ({ name, file, options, delivery, incoming }: PluginStageConfig): string =>
    JSON.stringify([name, file, options, delivery, incoming]);
  const known = new Set(before.flatMap((each) => (each.kind === 'plugin' ? [keyOf(each)] : [])));
  return (stage) => !known.has(keyOf(stage));
}
