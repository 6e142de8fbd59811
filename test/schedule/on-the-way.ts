// What tests of several transactions on the way share: domains of one site, and a connection that is ready.

import assert from 'node:assert/strict';
import type { MessageHandle } from '../../src/schedule/types.ts';
import { relay, Table, type Connect, type Transact } from './table.ts';

export const site = relay('s', ['192.0.2.1']);

export function tableOf(config: ConstructorParameters<typeof Table>[0] = {}): Table {
  return new Table(config).know({ 'a.example': site, 'b.example': site, 'c.example': site });
}

/** A connection that is ready, with one transaction on the way. */
export function opened(table: Table, depth: number): Connect {
  table.submit(['a.example']);
  const connect = table.connect();
  table.ready(connect.connection, depth);
  assert.deepEqual(table.take(), []);
  return connect;
}

export function messagesOf(grants: readonly (Connect | Transact)[]): MessageHandle[] {
  return grants.map(({ transaction }) => transaction.message);
}
