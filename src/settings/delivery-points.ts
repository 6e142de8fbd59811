// Which plugins are asked about outgoing mail, by the manager, and which about incoming mail, by receivers.

import type { Config } from '../config/config.ts';
import type { PluginStageConfig } from '../config/stage-config.ts';

export type DeliveryPoint = PluginStageConfig['delivery'][number];

/** The plugins that are asked at one of these points, in the order of the file. */
export function deliveryStages(
  { stage }: Pick<Config, 'stage'>,
  ...points: readonly DeliveryPoint[]
): readonly PluginStageConfig[] {
  return stage.filter(
    (each): each is PluginStageConfig =>
      each.kind === 'plugin' && each.delivery.some((point) => points.includes(point)),
  );
}

/** The plugins that are asked about incoming mail, in the order of the file. */
export function incomingStages({ stage }: Pick<Config, 'stage'>): readonly PluginStageConfig[] {
  return stage.filter((each): each is PluginStageConfig => each.kind === 'plugin' && each.incoming);
}
