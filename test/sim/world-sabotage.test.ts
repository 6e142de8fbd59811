// Rules about several transactions on the way that are broken on purpose, in the state of a scheduler: the judges of the simulated
// world must find each of them. The audit of the state itself is off, so that only what is seen from outside counts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { State } from '../../src/schedule/state.ts';
import { runStory } from '../../sim/world/story.ts';

/** Has the connection other transactions on the way? */
function isBusy({ connections }: State, connection: number): boolean {
  return connections.onTheWay.get(connection) > 0;
}

function reserveNothingAhead(s: State): void {
  const reserveFor = s.connections.reserveFor.bind(s.connections);
  s.connections.reserveFor = (connection, counter, transaction) => {
    if (!isBusy(s, connection)) reserveFor(connection, counter, transaction);
  };
}

function spendNothingAhead(s: State): void {
  const { transactions } = s.connections;
  const [add, set] = [transactions.add.bind(transactions), transactions.set.bind(transactions)];
  const spend = s.rates.spend.bind(s.rates);
  let isAhead = false;
  transactions.add = (connection, count) => {
    isAhead = isBusy(s, connection);
    return add(connection, count);
  };
  transactions.set = (connection, count) => {
    isAhead = false;
    set(connection, count);
  };
  s.rates.spend = (gate, events, nowMs) => {
    if (!isAhead) spend(gate, events, nowMs);
  };
}

function forgetLoweredLimits(s: State): void {
  const isOverLimit = s.connections.isOverLimit.bind(s.connections);
  s.connections.isOverLimit = (connection) => !isBusy(s, connection) && isOverLimit(connection);
}

function forgetMessagesPerConnection(s: State): void {
  const { mostTransactions } = s.connections;
  const get = mostTransactions.get.bind(mostTransactions);
  mostTransactions.get = (connection) => (isBusy(s, connection) ? Infinity : get(connection));
}

function confuseResults({ tasks: { queue } }: State): void {
  queue.append = (first, task) => queue.prepend(first, task);
}

for (const [name, sabotage, finding] of [
  ['slots that are not reserved for a grant ahead', reserveNothingAhead, /connections for .*, allowed/],
  ['rates that do not count a grant ahead', spendNothingAhead, /in \d+ ms, allowed/],
  ['grants ahead above a lowered limit', forgetLoweredLimits, /connections for .*, allowed/],
  [
    'grants ahead above messages_per_connection',
    forgetMessagesPerConnection,
    /message \d+ of a connection, allowed/,
  ],
  [
    'results of the newest transaction on the way',
    confuseResults,
    /delivered while|for a reason that no destination/,
  ],
] as const) {
  test(`${name} would be found`, () => {
    let found = '';
    for (let seed = 0; seed < 300 && !finding.test(found); seed++) {
      try {
        runStory({
          seed,
          messages: 60,
          trouble: 0.2,
          crashes: 0,
          operators: true,
          shaping: true,
          pipelines: true,
          auditEvery: 0,
          sabotage,
        });
      } catch (error) {
        found = String(error);
      }
    }
    assert.match(found, finding);
  });
}
