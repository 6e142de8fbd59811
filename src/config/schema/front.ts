// [front]: an instance without a queue, which hands each message at once to a central server.

import type { z } from 'zod';

import { type CentreServer, formatCentreServer, parseCentreServer } from '../../values/centre-server.ts';
import type { ListenAddress } from '../../values/listen-address.ts';
import { isOwnAddress } from '../../values/own-address.ts';
import { duration, key, listOf, oneOf, size, tableOf, textOf, wholeNumber } from './fields.ts';

const server = textOf('a central server such as "smtp://192.0.2.1:25"', parseCentreServer);

const keys = tableOf({
  servers: key(
    listOf(server, 'central servers such as ["smtp://192.0.2.1:25", "smtp://192.0.2.2:25"]').optional(),
    'The central servers, which have the queue: "smtp://ADDRESS:PORT", "lmtp://ADDRESS:PORT", "lmtp:unix:/PATH". With any, this instance is a front end: it stores no mail, hands each message to a central server while its client waits, and answers with the answer of that server. A [front] must have this key. docs/front.md says more.',
    {
      example: '["smtp://192.0.2.1:25", "smtp://192.0.2.2:25"]',
    },
  ),
  weights: key(
    listOf(wholeNumber(1, 1000), 'whole numbers from 1 to 1000').optional(),
    'The share of the mail that each of servers gets, in their order. Without it, the first server that can be reached gets all.',
    { defaultText: 'none: the first that can be reached', example: '[3, 1]' },
  ),
  tell_client: key(
    oneOf(['xclient', 'none']).default('xclient'),
    'How a central server hears of the client, so that its rules, limits, SPF and log are about the client: by XCLIENT, which it has to offer to this host (key xclient of its [[listen]]), or not at all: then all mail comes from this host.',
  ),
  connect_timeout: key(
    duration(100, 300_000).prefault('10s'),
    'A central server that has not taken a connection and greeted within this time counts as unreachable, and the next one is tried.',
  ),
  io_timeout: key(
    duration(1000, 3_600_000).prefault('60s'),
    'The longest time without a reply, or without taking more of a message. After it the connection is given up, and the client is told to try again.',
  ),
  max_connections: key(
    wholeNumber(1, 65_535).default(1000),
    'The most connections from one receiver process to one central server. When all servers have as many, clients are told to try again.',
  ),
  held_message: key(
    size(64 * 1024, 1024 ** 3).prefault('16MiB'),
    'A message that stages examine to its end, or that is signed here, is held in memory up to this size; a larger one is refused with 552. All other mail streams through.',
  ),
});

/** Without a table [front], there are no servers; with one, somebody wants a front end. */
export const front = keys
  .superRefine(({ servers }, context) => {
    if (servers !== undefined) return;
    const message =
      'must name the central servers; remove [front], or write "servers = []", for an instance with a queue';
    context.addIssue({ code: 'custom', message, path: ['servers'] });
  })
  .prefault({ servers: [] });

/** Tables that are about a queue, as far as it can be told that the file has them. */
const queueTables = ['assignment', 'diversion', 'etrn', 'route', 'route_table', 'schedule', 'tap'] as const;

type QueueTables = Readonly<Record<(typeof queueTables)[number], readonly unknown[]>>;

export interface FrontTables extends QueueTables {
  readonly front: {
    readonly servers?: readonly CentreServer[] | undefined;
    readonly weights?: readonly unknown[] | undefined;
  };
  readonly queues: readonly { readonly name: string }[];
  readonly listen: readonly { readonly address: ListenAddress }[];
}

export function checkFront(tables: FrontTables, context: z.RefinementCtx): void {
  const { servers = [], weights } = tables.front;
  if (weights !== undefined && weights.length !== servers.length) {
    const message = `must have one number for each of the ${servers.length} servers`;
    context.addIssue({ code: 'custom', message, path: ['front', 'weights'] });
  }
  if (servers.length === 0) return;
  checkServers(servers, tables.listen, context);
  const refuse = (path: (string | number)[]) =>
    context.addIssue({
      code: 'custom',
      message:
        'needs a queue, and a front end has none: write it in the configuration of the central servers',
      path,
    });
  for (const name of queueTables) if (tables[name].length > 0) refuse([name, 0]);
  for (const { name } of tables.queues) refuse(['queues', name]);
}

function checkServers(
  servers: readonly CentreServer[],
  listen: FrontTables['listen'],
  context: z.RefinementCtx,
): void {
  const names = servers.map(formatCentreServer);
  for (const [at, { endpoint }] of servers.entries()) {
    const refuse = (message: string): void =>
      context.addIssue({ code: 'custom', message, path: ['front', 'servers', at] });
    const name = names[at] ?? '';
    if (names.indexOf(name) < at)
      refuse(`"${name}" is named twice; name it once, and write its share in weights`);
    const address: ListenAddress =
      endpoint.kind === 'unix' ? endpoint : { kind: 'tcp', host: endpoint.ip, port: endpoint.port };
    if (isOwnAddress(address, listen))
      refuse(
        `this front end itself listens at "${name}": it would hand each message to itself; write the address of a central server`,
      );
  }
}
