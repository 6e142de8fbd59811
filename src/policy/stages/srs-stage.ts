// Decides at RCPT about mail to the SRS addresses of this server, which is mostly bounces: what was signed here goes back to the sender that it
// was made of. Promises: no other address gets a right by it; while it cannot be told, the client is told to try again.

import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import type { LiveSrs } from '../../srs/live-srs.ts';
import { dayOf } from '../../srs/srs-day.ts';
import type { SrsFault } from '../../srs/srs-types.ts';
import { goOn, type RcptFacts, type Stage, type Verdict } from '../stage.ts';

/** RFC 3463 3.6, X.3.5: the system is not configured right; the fault is ours. */
const cannotTell: Verdict = {
  kind: 'tempfail',
  reply: {
    code: 451,
    enhanced: '4.3.5',
    text: 'This SRS address cannot be checked now, try again later',
  },
};

/** RFC 3463 3.8, X.7.1: the sender may not send to this address. */
const onlyBounces: Verdict = {
  kind: 'reject',
  reply: {
    code: 550,
    enhanced: '5.7.1',
    text: 'This address takes bounces only, whose sender is empty',
  },
};

/** RFC 3463 3.2, X.1.1: there is no such mailbox. It says no more, so that a program learns nothing by which to guess. */
const notOurs = refuse('5.1.1', 'This SRS address was not made here, or was changed on its way');
/** RFC 3463 3.2, X.1.6: the mailbox was valid, and is no longer. */
const refusals: Readonly<Record<Exclude<SrsFault, 'not-srs'>, Verdict>> = {
  malformed: notOurs,
  'wrong-hash': notOurs,
  expired: refuse('5.1.6', 'This SRS address has expired'),
  'from-the-future': refuse('5.1.6', 'This SRS address is not valid on this day'),
};

function refuse(enhanced: string, text: string): Verdict {
  const reply: Reply = { code: 550, enhanced, text };
  return { kind: 'reject', reply };
}

/** The name of the stage, by which others find its result. */
export const srsStageName = 'srs';

export class SrsStage implements Stage {
  readonly name = srsStageName;
  readonly #live: LiveSrs;
  readonly #bouncesOnly: boolean;
  readonly #nowMs: () => number;

  /** @param nowMs - Unix ms */
  constructor(live: LiveSrs, bouncesOnly: boolean, nowMs: () => number) {
    this.#live = live;
    this.#bouncesOnly = bouncesOnly;
    this.#nowMs = nowMs;
  }

  rcpt({ recipient, transaction }: RcptFacts): Verdict {
    const { address } = recipient;
    if (!this.#live.isOurs(address)) return goOn;
    const srs = this.#live.current;
    if (srs === undefined) return cannotTell;
    if (this.#bouncesOnly && transaction.reversePath !== '') return onlyBounces;
    const reversed = srs.reverse(address, dayOf(this.#nowMs()));
    if (reversed.kind === 'original') {
      return {
        kind: 'continue',
        // RFC 3461 5.2.1: an ORCPT that is added has the address that the client gave.
        edits: [{ kind: 'change-recipient', address: reversed.address, keepsOriginal: true }],
        result: { address: reversed.address },
      };
    }
    return reversed.fault === 'not-srs' ? goOn : refusals[reversed.fault];
  }
}
