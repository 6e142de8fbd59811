// What becomes of the sender of mail that is passed on, as people read it.

import type { ShownSender } from '../control/operations/srs.ts';
import type { KeptReason } from '../srs/srs-types.ts';

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
