// What becomes of the sender of mail that is passed on, as people read it.

import type { ShownReversal, ShownSender } from '../control/operations/srs.ts';
import type { KeptReason, SrsFault } from '../srs/srs-types.ts';

/** A sentence without its end. */
export function shownSenderText(shown: ShownSender): string {
  switch (shown.kind) {
    case 'rewritten':
      return `<${shown.address}> (SRS)`;
    case 'kept':
      return `stays as it is: ${keptText(shown.reason)}`;
    case 'lacking':
      return `cannot be told now, and its mail waits: ${shown.reason}`;
  }
}

/** Where mail to an SRS address of this server goes. */
export function reversalText(shown: ShownReversal): string {
  switch (shown.kind) {
    case 'original':
      return `${shown.address} (SRS)`;
    case 'invalid':
      return `nobody, and is refused: ${faultText(shown.fault)}`;
    case 'lacking':
      return `an address that cannot be told now, and is answered with 451: ${shown.reason}`;
  }
}

/** Why mail to an SRS address is refused. */
export function faultText(fault: SrsFault): string {
  switch (fault) {
    case 'not-srs':
      return 'it is no SRS address of this server';
    case 'malformed':
      return 'it has not the parts that an SRS address has';
    case 'wrong-hash':
      return 'none of the secrets has signed it: it was made elsewhere, with a secret that is gone, or changed on its way';
    case 'expired':
      return 'it is older than expiry in [srs] allows';
    case 'from-the-future':
      return 'its day is still to come: the clock of this host, or of the one that made it, is wrong';
  }
}

/** Why a sender is not rewritten. */
export function keptText(reason: KeptReason): string {
  switch (reason) {
    case 'null':
      return 'the empty sender of bounces must not become another one';
    case 'own':
      return 'its domain is one of ours, whose SPF records name our servers';
    case 'literal':
      return 'an address literal has no SPF record';
    case 'too-long':
      return 'as an SRS address it would have more than 64 octets before the "@", and too_long is "keep"';
  }
}
