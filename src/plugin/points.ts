// The points at which a plugin can be asked.

import { points } from '../policy/stage.ts';
import type { PluginPoint } from './types.ts';

/** In the order in which mail comes by them. */
export const pluginPoints: readonly PluginPoint[] = [...points, 'route', 'attempt'];
