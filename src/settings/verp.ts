// Senders of their own for recipients (VERP): what [bounce] and [[tenant]] say.

import type { Config } from '../config/config.ts';
import { VerpSettings } from '../route/verp.ts';

export function verpSettings({ bounce, tenant }: Pick<Config, 'bounce' | 'tenant'>): VerpSettings {
  const tenants = tenant.flatMap(({ name, verp }) => (verp === undefined ? [] : [[name, verp] as const]));
  return new VerpSettings(bounce.verp, new Map(tenants));
}
