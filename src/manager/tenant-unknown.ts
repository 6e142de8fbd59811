// The error for a name that is no tenant, for every command that takes one.

import { ControlError } from '../control/control-error.ts';

/** @param tenants - those that there are */
export function tenantUnknown(name: string, tenants: readonly string[]): ControlError {
  const known = tenants.length === 0 ? 'there are no tenants' : `there are ${tenants.join(', ')}`;
  return new ControlError(
    'TENANT_UNKNOWN',
    `There is no tenant called "${name}": ${known}.`,
    'Name one of the [[tenant]] tables of the configuration.',
  );
}
