// `source` in a [[route]]: which of our own addresses its connections come from; and that each address which tables name is that of a [[source]].

import type { z } from 'zod';

import { contains, type Network } from '../../values/network.ts';
import { key } from './fields.ts';
import { ownAddresses } from './queue-own.ts';

export const routeSourceKeys = {
  source: key(
    ownAddresses(),
    'For relay, lmtp, qmqp, qmtp and mx: connections are made from these addresses alone. Each is that of a [[source]]. A host of an IP version that none of them has is not reached on this route.',
    { defaultText: 'source of the queue', example: '["192.0.2.26", "2001:db8::26"]' },
  ),
};

/** A route, as read. */
interface RouteWithSource {
  readonly relay?: unknown;
  readonly lmtp?: unknown;
  readonly qmqp?: unknown;
  readonly qmtp?: unknown;
  readonly mx?: unknown;
  readonly backup?: unknown;
  readonly source?: readonly string[] | undefined;
}

export function refuseSource(route: RouteWithSource, context: z.RefinementCtx): void {
  if (route.source === undefined) return;
  if (
    [route.relay, route.lmtp, route.qmqp, route.qmtp, route.mx, route.backup].some(
      (target) => target !== undefined,
    )
  )
    return;
  context.addIssue({
    code: 'custom',
    message: 'is only for relay, lmtp, qmqp, qmtp and mx',
    path: ['source'],
  });
}

/** The tables that name addresses of our own. */
export interface SourceTables {
  readonly source: readonly { readonly address: string }[];
  readonly route: readonly { readonly source?: readonly string[] | undefined }[];
  readonly limit: readonly { readonly source?: readonly Network[] | undefined }[];
  readonly queue: { readonly source?: readonly string[] | undefined };
  readonly queues: readonly { readonly name: string; readonly source?: readonly string[] | undefined }[];
}

export function checkSources(
  { source: own, route, limit, queue, queues }: SourceTables,
  context: z.RefinementCtx,
): void {
  const known = own.map(({ address }) => address).join(', ');
  const there = known === '' ? 'no [[source]] is configured' : `there are ${known}`;
  const refuse = (path: (string | number)[], effect: string): void => {
    const message = `is the address of no [[source]], so no connection can ${effect}; ${there}`;
    context.addIssue({ code: 'custom', message, path });
  };
  for (const [index, { source = [] }] of limit.entries()) {
    for (const [at, network] of source.entries()) {
      if (!own.some(({ address }) => contains(network, address)))
        refuse(['limit', index, 'source', at], 'match');
    }
  }
  const named: [(string | number)[], readonly string[] | undefined][] = [
    ...route.map(({ source }, index): [(string | number)[], typeof source] => [['route', index], source]),
    [['queue'], queue.source],
    ...queues.map(({ name, source }): [string[], typeof source] => [['queues', name], source]),
  ];
  for (const [path, source = []] of named) {
    for (const [at, wanted] of source.entries()) {
      if (!own.some(({ address }) => address === wanted)) refuse([...path, 'source', at], 'come from it');
    }
  }
}
