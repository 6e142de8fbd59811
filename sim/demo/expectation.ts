// What the demo sends and where each delivery has to arrive: made before the first message is sent, and compared with the
// destinations' counts after the last.

import { deliveryKey } from '../mx/tally.ts';
import type { Submission } from '../mx/submitter.ts';
import { flood, small } from './configuration.ts';
import type { Provider } from './neighbourhood.ts';

export interface Expectation {
  /** The flood. */
  readonly submissions: readonly Submission[];
  /** The few messages of the other tenant, to providers where the flood waits. */
  readonly few: readonly Submission[];
  /** For each provider, by its place in the list: the deliveries it has to get. */
  readonly deliveries: readonly ReadonlySet<string>[];
  readonly total: number;
}

/** Kinds of providers that the other tenant writes to: most of the flood waits there. */
const contended = new Set(['tiny', 'family', 'hosted', 'paced', 'slow']);
const fewMessages = 10;

/** Every tenth message goes to three recipients at three providers, the others to one. */
export function expect(messages: number, providers: readonly Provider[]): Expectation {
  const deliveries = providers.map(() => new Set<string>());
  const whole = providers.reduce((all, { share }) => all + share, 0);
  const turns = providers.map(() => 0);
  let total = 0;
  let place = -1;
  const recipientAt = (id: string, at: number, name: string): string => {
    const { domains } = providers[at]!;
    const recipient = `${name}@${domains[turns[at]!++ % domains.length]}`;
    deliveries[at]!.add(deliveryKey(id, recipient));
    total++;
    return recipient;
  };
  /** The next provider in turn; a provider with a smaller share is skipped while it has had its share. */
  const next = (): number => {
    do place = (place + 1) % providers.length;
    while (turns[place]! * whole > (total + providers.length) * providers[place]!.share);
    return place;
  };
  const submissions: Submission[] = [];
  for (let i = 0; i < messages; i++) {
    const id = `${i}.demo@client.test`;
    const to = Array.from({ length: i % 10 === 0 ? 3 : 1 }, () => recipientAt(id, next(), `person${i % 97}`));
    submissions.push({ id, from: `sender${i % 11}@${flood.domain}`, to, sizeBytes: 1_500 });
  }
  const places = [...providers.keys()].filter((at) => contended.has(providers[at]!.kind));
  const few = Array.from({ length: fewMessages }, (_, i) => {
    const id = `${i}.few@client.test`;
    const to = [recipientAt(id, places[i % places.length]!, 'customer')];
    return { id, from: `orders@${small.domain}`, to, sizeBytes: 1_500 };
  });
  return { submissions, few, deliveries, total };
}
