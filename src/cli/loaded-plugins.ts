// Plugins that a reload leaves as they are: their files may have changed, and be no use any more.

import type { Config } from '../config/config.ts';
import { placedText, placeWarnings } from '../config/read/config-warning.ts';
import type { newPlugins } from './new-plugins.ts';

/** @returns a sentence for each that could not be loaded again. Never rejects */
export async function loadedPluginWarnings(
  config: Config,
  isNew: ReturnType<typeof newPlugins>,
): Promise<readonly string[]> {
  if (!config.stage.some((stage) => stage.kind === 'plugin' && !isNew(stage))) return [];
  try {
    const { pluginProblems } = await import('./plugin-problems.ts');
    const { problems } = await pluginProblems(config, (stage) => !isNew(stage));
    return placeWarnings(problems, config.file).map(
      (problem) => `${placedText(problem)}. The version that runs goes on until a restart.`,
    );
  } catch {
    return []; // what cannot be tried is no fault of the configuration
  }
}
