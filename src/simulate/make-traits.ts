// From a model of a destination to the traits of its hosts.

import type { Random } from '../schedule/store/random.ts';
import type { DestinationModel } from './destination-model.ts';
import type { Trait } from './trait.ts';
import { Ban } from './traits/ban.ts';
import { Dead } from './traits/dead.ts';
import { Drops } from './traits/drops.ts';
import { Greylist } from './traits/greylist.ts';
import { RateLimit } from './traits/rate-limit.ts';
import { Rejects } from './traits/rejects.ts';
import { Storm } from './traits/storm.ts';
import { Tarpit } from './traits/tarpit.ts';

/** New traits; hosts that are given the same ones count together. `startMs`: Unix ms of the simulation's beginning. */
export function makeTraits(model: Partial<DestinationModel>, startMs: number, random: Random): Trait[] {
  const { ban, dead, defers = 0, drops = 0, greylist, rate, rejects = 0, storm, tarpit } = model;
  const traits: Trait[] = [];
  if (dead !== undefined) {
    const untilMs = dead.until === undefined ? Infinity : startMs + dead.until;
    traits.push(new Dead({ how: dead.how, fromMs: startMs + dead.from, untilMs }));
  }
  if (ban !== undefined)
    traits.push(
      new Ban({ connections: ban.connections, per: ban.per, forMs: ban.for, reply: ban.reply ?? '' }),
    );
  if (storm !== undefined) {
    const { every = Infinity, first, for: forMs, share } = storm;
    traits.push(new Storm({ everyMs: every, forMs, share, firstMs: startMs + first }, random));
  }
  if (tarpit !== undefined) traits.push(new Tarpit(tarpit.greeting, tarpit.reply));
  if (rate !== undefined)
    traits.push(
      new RateLimit({ messages: rate.messages.count, perMs: rate.messages.perMs, reply: rate.reply }),
    );
  if (greylist !== undefined) traits.push(new Greylist(greylist));
  if (rejects > 0 || defers > 0) traits.push(new Rejects(rejects, defers, random));
  if (drops > 0) traits.push(new Drops({ ready: drops / 2, busy: drops / 2, idle: drops }, random));
  return traits;
}
