// Senders of their own for recipients (VERP): what [bounce] and [[tenant]] say.

import type { Config } from '../config/config.ts';
import { VerpSettings } from '../route/verp.ts';

export function verpSettings({
  bounce,
  route,
  tenant,
}: Pick<Config, 'bounce' | 'route' | 'tenant'>): VerpSettings {
  const tenants = tenant.flatMap(({ name, verp }) => (verp === undefined ? [] : [[name, verp] as const]));
  const routesSay = route.some(({ verp }) => verp !== undefined);
  return new VerpSettings(bounce.verp, new Map(tenants), routesSay);
}
