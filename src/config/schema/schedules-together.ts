// What [[schedule]] names in other tables: routes and tenants.

import type { z } from 'zod';

import { addUnknown } from './unknown-names.ts';

/** The parts of the file that are checked, as read. */
export interface ScheduleTables {
  readonly schedule: readonly {
    readonly route?: readonly string[] | undefined;
    readonly tenant?: readonly string[] | undefined;
  }[];
  readonly route: readonly { readonly name?: string | undefined }[];
  readonly tenant: readonly { readonly name: string }[];
}

/** The routes and tenants must exist. */
export function checkSchedules({ route, schedule, tenant }: ScheduleTables, context: z.RefinementCtx): void {
  const tenants = tenant.map(({ name }) => name);
  const routes = route.flatMap(({ name = '' }) => (name === '' ? [] : [name]));
  for (const [index, each] of schedule.entries()) {
    for (const [at, name] of (each.tenant ?? []).entries()) {
      if (name !== '' && !tenants.includes(name))
        addUnknown('tenant', name, tenants, ['schedule', index, 'tenant', at], context);
    }
    for (const [at, name] of (each.route ?? []).entries()) {
      const path = ['schedule', index, 'route', at];
      if (!routes.includes(name)) addUnknown('route', name, routes, path, context);
    }
  }
}
