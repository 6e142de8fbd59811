// What the demo sends and where each delivery has to turn up: made before the first message leaves, held against
// what the destinations have counted after the last.

import { deliveryKey } from '../mx/tally.ts';
import type { Submission } from '../mx/submitter.ts';
import { connectionLimit, type Destination } from './neighbourhood.ts';

export interface Expectation {
  readonly submissions: readonly Submission[];
  /** For each destination, by its place in the list: the deliveries it has to get. */
  readonly deliveries: readonly ReadonlySet<string>[];
  readonly total: number;
}

/** Every tenth message goes to three recipients at three destinations, the others to one. */
export function expect(messages: number, destinations: readonly Destination[]): Expectation {
  const deliveries = destinations.map(() => new Set<string>());
  const submissions: Submission[] = [];
  let turn = 0;
  let total = 0;
  for (let i = 0; i < messages; i++) {
    const id = `${i}.demo@client.test`;
    const to: string[] = [];
    for (let k = i % 10 === 0 ? 3 : 1; k > 0; k--) {
      const place = turn % destinations.length;
      const { domains } = destinations[place]!;
      const recipient = `person${i % 97}@${domains[Math.floor(turn / destinations.length) % domains.length]}`;
      turn++;
      to.push(recipient);
      deliveries[place]!.add(deliveryKey(id, recipient));
      total++;
    }
    submissions.push({ id, from: `sender${i % 11}@client.test`, to, sizeBytes: 1_500 });
  }
  return { submissions, deliveries, total };
}

/** Everything that is not as it should be, a sentence each. */
export function faults(destinations: readonly Destination[], expected: Expectation['deliveries']): string[] {
  const found: string[] = [];
  for (const [i, { name, tally }] of destinations.entries()) {
    const wanted = expected[i]!;
    const missing = [...wanted].filter((key) => !tally.deliveries.has(key)).length;
    const astray = [...tally.deliveries.keys()].filter((key) => !wanted.has(key)).length;
    if (missing > 0) found.push(`${name}: ${missing} of ${wanted.size} did not arrive`);
    if (astray > 0) found.push(`${name}: ${astray} arrived that belong elsewhere`);
    if (tally.duplicates > 0) found.push(`${name}: ${tally.duplicates} arrived more than once`);
    if (tally.maxConnections > connectionLimit) {
      found.push(`${name}: ${tally.maxConnections} connections at a time, the limit is ${connectionLimit}`);
    }
  }
  return found;
}
