// The stores of a receiver on a front end: none. What is asked of them is answered by the central servers.

import type { Config } from '../../config/config.ts';
import { Centres } from '../../front/centres.ts';
import { FrontError, unreachable } from '../../front/front-error.ts';
import type { FrontSettings } from '../../front/types.ts';
import { dial } from '../../io/dial.ts';
import type { Deadlines } from '../../io/deadlines.ts';
import type { StorePlace } from '../../receive/store-places.ts';
import type { Intake } from '../../receive/types.ts';
import { formatQueueId, nextSegmentId, counterLimit, segmentName } from '../../spool/queue-id.ts';
import type { SpoolWriter } from '../../spool/types.ts';
import { frontSettings } from '../../settings/front.ts';
import type { StoreWatchParts } from '../../receive/store-watch.ts';

type Surroundings = Pick<StoreWatchParts, 'troubles'> & {
  readonly log: ConstructorParameters<typeof Centres>[1]['log'];
};

/** The manager hears of no message: it has none. */
export const noIntake: Intake = {
  submitted: () => undefined,
  congested: false,
  whenDrained: (callback) => callback(),
};

function nothing(): Promise<never> {
  return Promise.reject(new FrontError(unreachable, 'a front end stores no mail'));
}

export class FrontStores {
  readonly centres: Centres;
  readonly places: readonly [StorePlace];

  /** @param slot - of this process */
  constructor(settings: FrontSettings, slot: number, deadlines: Deadlines, { log, troubles }: Surroundings) {
    const newQueueId = queueIds(slot);
    this.centres = new Centres(settings, { dial, deadlines, log, troubles, random: Math.random, newQueueId });
    const spool: SpoolWriter = {
      newQueueId,
      append: nothing,
      openLarge: nothing,
      hasRoom: () => true,
      failure: undefined,
      close: () => Promise.resolve(),
    };
    this.places = [{ spool, watch: { stored: () => undefined, failed: () => undefined } }];
  }

  configure(config: Config): Promise<void> {
    const settings = frontSettings(config);
    if (settings !== undefined) this.centres.configure(settings);
    return Promise.resolve();
  }

  stopWatching(): void {
    this.centres.stop();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Queue ids as a spool makes them: the time and the slot, and a counter. */
function queueIds(slot: number): () => string {
  let segment = nextSegmentId(-1, Date.now(), slot);
  let counter = 0;
  return () => {
    if (counter === counterLimit) {
      segment = nextSegmentId(segment, Date.now(), slot);
      counter = 0;
    }
    return formatQueueId(segmentName(segment), counter++);
  };
}
