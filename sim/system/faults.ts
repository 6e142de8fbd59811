// What goes wrong in a simulated system, and when: a seed chooses some kinds of faults for its world, so that a world with
// few of them is judged strictly. Each strikes between two steps, whichever these are.

import type { Random } from '../../src/schedule/store/random.ts';
import { pick } from '../world/some-internet.ts';

/** What an operator may do. */
export type Operation = 'hold' | 'release' | 'retry' | 'bounce' | 'suspend' | 'resume' | 'limit' | 'unlimit';
const operations: readonly Operation[] = ['hold', 'release', 'retry', 'bounce', 'suspend', 'resume'];

/** Who can be hit. */
export type RoleKind = 'manager' | 'sender' | 'receiver';

export type Fault =
  | { readonly kind: 'kill'; readonly role: RoleKind }
  /** SIGSTOP, and SIGCONT after so long. */
  | { readonly kind: 'stall'; readonly role: RoleKind; readonly forMs: number }
  /** Each thing that happens to it takes up to so long. */
  | { readonly kind: 'slow'; readonly role: RoleKind; readonly eachMs: number; readonly forMs: number }
  /** A sender that is stopped while its manager dies. */
  | { readonly kind: 'stalled-orphan'; readonly forMs: number }
  | { readonly kind: 'kill-supervisor'; readonly stallMs: number }
  | { readonly kind: 'break-link'; readonly role: 'sender' | 'receiver' }
  /** What processes say to each other takes up to so long. */
  | { readonly kind: 'slow-links'; readonly eachMs: number; readonly forMs: number }
  | { readonly kind: 'power-cut'; readonly offMs: number }
  | { readonly kind: 'disk-fails'; readonly syncs: number; readonly writes: number; readonly forMs: number }
  | { readonly kind: 'short-writes'; readonly share: number; readonly forMs: number }
  | { readonly kind: 'slow-disk'; readonly eachMs: number; readonly forMs: number }
  | { readonly kind: 'full-disk'; readonly leftBytes: number; readonly forMs: number }
  | { readonly kind: 'name-servers-fail'; readonly share: number; readonly forMs: number }
  /** No name server answers anything. This may last when all else is well. */
  | { readonly kind: 'name-servers-silent'; readonly forMs: number }
  /** This host does not have one of its own addresses. */
  | { readonly kind: 'source-lost'; readonly forMs: number }
  /** The system's clock is set. */
  | { readonly kind: 'clock-step'; readonly byMs: number }
  /** Not a fault: an operator does something. */
  | { readonly kind: 'operate'; readonly operation: Operation }
  /** Not a fault: Sluice is stopped in order, and started again. */
  | { readonly kind: 'restart'; readonly graceMs: number; readonly offMs: number }
  | { readonly kind: 'reload'; readonly what: 'limits' | 'routes' | 'capacity' };

/** A fault that strikes so many steps after its time. */
export interface Planned {
  readonly atMs: number;
  readonly afterSteps: number;
  readonly fault: Fault;
}

type Maker = (random: Random) => Fault;

const role = (random: Random): RoleKind =>
  pick(random, ['manager', 'manager', 'sender', 'sender', 'receiver']);
/** Short, or long enough that the supervisor notices. */
const stallMs = (random: Random): number =>
  pick(random, [50, 300, 2_000, 7_000, 20_000]) * (0.5 + random.next());

/** Hardly noticed, or longer than what is left of some lifetimes. */
const outageMs = [1_000, 5_000, 15_000, 60_000, 60_000];

/**
 * Less than the shortest lifetime, or more than an hour: mail may have waited for its manager for an hour, so a step of some
 * minutes counts as time in which it did.
 */
const clockSteps = [2_000, 7_200_000, 259_200_000];

const makers: readonly Maker[] = [
  (random) => ({ kind: 'kill', role: role(random) }),
  (random) => ({ kind: 'kill', role: role(random) }),
  (random) => ({ kind: 'stall', role: role(random), forMs: stallMs(random) }),
  (random) => ({ kind: 'slow', role: role(random), eachMs: pick(random, [5, 50]), forMs: 3_000 }),
  (random) => ({ kind: 'stalled-orphan', forMs: stallMs(random) }),
  (random) => ({ kind: 'kill-supervisor', stallMs: random.next() < 0.5 ? 0 : stallMs(random) }),
  (random) => ({ kind: 'break-link', role: pick(random, ['sender', 'receiver']) }),
  (random) => ({ kind: 'slow-links', eachMs: pick(random, [30, 300]), forMs: 5_000 }),
  (random) => ({ kind: 'power-cut', offMs: pick(random, [100, 3_000]) }),
  (random) => ({ kind: 'disk-fails', syncs: 0.3, writes: 0.1, forMs: pick(random, [200, 3_000]) }),
  () => ({ kind: 'short-writes', share: 0.3, forMs: 5_000 }),
  (random) => ({ kind: 'slow-disk', eachMs: pick(random, [30, 300, 3_000]), forMs: 4_000 }),
  (random) => ({
    kind: 'full-disk',
    leftBytes: pick(random, [0, 500, 5_000]),
    forMs: pick(random, [1_000, 9_000]),
  }),
  () => ({ kind: 'name-servers-fail', share: 0.5, forMs: 5_000 }),
  (random) => ({ kind: 'clock-step', byMs: (random.next() < 0.5 ? -1 : 1) * pick(random, clockSteps) }),
  (random) => ({ kind: 'operate', operation: pick(random, operations) }),
  (random) => ({ kind: 'operate', operation: pick(random, operations) }),
  (random) => ({ kind: 'reload', what: pick(random, ['limits', 'limits', 'routes', 'capacity']) }),
];

/** What goes wrong, and what operators do meanwhile. @param forMs - until then */
export function someFaults(random: Random, forMs: number): Planned[] {
  return [
    ...faultsOfSomeKinds(random, forMs),
    ...limitsByHand(random, forMs),
    ...outage(random, forMs),
    ...lostSources(random, forMs),
    ...restarts(random, forMs),
  ].toSorted((a, b) => a.atMs - b.atMs);
}

/** In some worlds operators set limits and take them back. */
function limitsByHand(random: Random, forMs: number): Planned[] {
  if (random.next() < 0.75) return [];
  return Array.from({ length: 1 + random.below(4) }, () => ({
    atMs: 300 + random.below(forMs - 300),
    afterSteps: random.below(40),
    fault: { kind: 'operate', operation: pick(random, ['limit', 'limit', 'unlimit']) },
  }));
}

/** In some worlds no name server answers for a time, from early on: then there is mail that was never looked up. */
function outage(random: Random, forMs: number): Planned[] {
  if (random.next() < 0.8) return [];
  const lastsMs = pick(random, outageMs) * (0.5 + random.next());
  return [
    {
      atMs: 100 + random.below(forMs / 4),
      afterSteps: random.below(40),
      fault: { kind: 'name-servers-silent', forMs: lastsMs },
    },
  ];
}

/** In some worlds Sluice is stopped and started again. */
function restarts(random: Random, forMs: number): Planned[] {
  if (random.next() < 0.85) return [];
  return Array.from({ length: 1 + random.below(2) }, () => ({
    atMs: 300 + random.below(forMs - 300),
    afterSteps: random.below(40),
    fault: {
      kind: 'restart',
      graceMs: pick(random, [300, 5_000, 20_000]),
      offMs: pick(random, [50, 2_000, 10_000]),
    },
  }));
}

/** In some worlds this host loses own addresses, if there are any. */
function lostSources(random: Random, forMs: number): Planned[] {
  if (random.next() < 0.75) return [];
  return Array.from({ length: 1 + random.below(3) }, () => ({
    atMs: 100 + random.below(forMs - 300),
    afterSteps: random.below(40),
    fault: { kind: 'source-lost', forMs: pick(random, [500, 5_000, 15_000]) },
  }));
}

function faultsOfSomeKinds(random: Random, forMs: number): Planned[] {
  // One world in ten has none.
  if (random.next() < 0.1) return [];
  const kinds = Array.from({ length: 1 + random.below(4) }, () => pick(random, makers));
  return Array.from({ length: 1 + random.below(8) }, () => ({
    atMs: 300 + random.below(forMs - 300),
    afterSteps: random.below(40),
    fault: pick(random, kinds)(random),
  }));
}
