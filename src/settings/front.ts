// The settings of a front end.

import type { Config } from '../config/config.ts';
import type { FrontSettings } from '../front/types.ts';

/** Undefined where mail is stored here. */
export function frontSettings({
  front,
  deliver,
}: Pick<Config, 'front' | 'deliver'>): FrontSettings | undefined {
  const { servers, weights, tellClient, connectTimeout, ioTimeout, maxConnections } = front;
  if (servers.length === 0) return undefined;
  return {
    servers,
    weights,
    tellClient,
    connectTimeoutMs: connectTimeout,
    ioTimeoutMs: ioTimeout,
    maxConnections,
    heloName: deliver.heloName,
  };
}
