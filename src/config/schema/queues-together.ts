// What [[assignment]] names in other tables: queues, tenants and listeners.

import type { z } from 'zod';

import { formatListenAddress, type ListenAddress } from '../../values/listen-address.ts';
import { defaultQueue } from '../../values/queue-name.ts';
import { addUnknown, addUnknownListeners } from './unknown-names.ts';

/** The parts of the file that are checked, as read. */
export interface QueueTables {
  readonly queues: readonly {
    readonly name: string;
    readonly bounce_route?: string | undefined;
    readonly operator_group?: string | undefined;
    readonly operator_read_only_group?: string | undefined;
  }[];
  readonly assignment: readonly {
    readonly queue: string;
    readonly tenant?: readonly string[] | undefined;
    readonly listen?: readonly string[] | undefined;
    readonly results?: readonly string[] | undefined;
  }[];
  readonly diversion: readonly {
    readonly queue: string;
    readonly tenant?: readonly string[] | undefined;
    readonly stage?: string | undefined;
  }[];
  readonly stage: readonly { readonly name: string; readonly queue?: readonly string[] | undefined }[];
  readonly tenant: readonly { readonly name: string }[];
  readonly listen: readonly { readonly address: ListenAddress }[];
  readonly limit: readonly { readonly queue?: readonly string[] | undefined }[];
}

export function checkQueues(
  { queues, assignment, diversion, stage, tenant, listen, limit }: QueueTables,
  context: z.RefinementCtx,
): void {
  const names = [defaultQueue, ...queues.map(({ name }) => name)];
  for (const { name, operator_group: all, operator_read_only_group: reading } of queues) {
    if (all === undefined || all !== reading) continue;
    const message = 'is operator_group, too: name another group, or leave it out';
    context.addIssue({ code: 'custom', message, path: ['queues', name, 'operator_read_only_group'] });
  }
  const tenants = tenant.map(({ name }) => name);
  const addresses = listen.map(({ address }) => formatListenAddress(address));
  for (const [index, each] of assignment.entries()) {
    const path = ['assignment', index];
    checkName(each.queue, names, [...path, 'queue'], context);
    checkTenants(each.tenant, tenants, path, context);
    addUnknownListeners(addresses, each.listen, path, context);
  }
  for (const [index, each] of diversion.entries()) {
    const path = ['diversion', index];
    checkName(each.queue, names, [...path, 'queue'], context);
    checkTenants(each.tenant, tenants, path, context);
    const stages = stage.map(({ name }) => name);
    if (each.stage !== undefined && !stages.includes(each.stage))
      addUnknown('stage', each.stage, stages, [...path, 'stage'], context);
  }
  for (const [index, { queue = [] }] of stage.entries())
    for (const [at, name] of queue.entries()) checkName(name, names, ['stage', index, 'queue', at], context);
  for (const [index, { queue = [] }] of limit.entries())
    for (const [at, name] of queue.entries()) {
      const hint = tenants.includes(name) ? `; for mail of this tenant, write tenant = ["${name}"]` : '';
      checkName(name, names, ['limit', index, 'queue', at], context, hint);
    }
}

function checkTenants(
  named: readonly string[] | undefined,
  tenants: readonly string[],
  path: (string | number)[],
  context: z.RefinementCtx,
): void {
  for (const [at, name] of (named ?? []).entries())
    if (name !== '' && !tenants.includes(name))
      addUnknown('tenant', name, tenants, [...path, 'tenant', at], context);
}

function checkName(
  name: string,
  names: readonly string[],
  path: (string | number)[],
  context: z.RefinementCtx,
  hint = '',
): void {
  if (names.includes(name)) return;
  const message = `there is no [queues.${name}]; there are ${names.slice(0, 20).join(', ')}${hint}`;
  context.addIssue({ code: 'custom', message, path, params: { words: names } });
}
