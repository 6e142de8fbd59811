// Makes a refusal from a failed session or connection: the session knows the reply, the place names the server.

import {
  connectionRefusal,
  localRefusal,
  remoteRefusal,
  serverOf,
  type Refusal,
} from '../message/refusal.ts';
import { serverText } from '../message/refusal-text.ts';
import type { SessionFailure } from '../protocol/smtp/client/client-session.ts';
import type { ConnectedPlace } from './types.ts';

/** @param permanent - decided by the session, not by the code alone: a 552 may be temporary (RFC 5321 4.5.3.1.10) */
export function failureRefusal(failure: SessionFailure, place: ConnectedPlace, permanent: boolean): Refusal {
  switch (failure.kind) {
    case 'reply':
      return remoteRefusal(place.hop, failure.reply, permanent);
    case 'broken':
      return connectionRefusal(place.hop, failure.during, failure.text, failure.enhanced);
    case 'unsent':
      return localRefusal({ ...failure, permanent });
  }
}

/**
 * The refusal of a connection that was lost before its session was ready.
 * @param isLocal - this machine could not even begin to connect. RFC 3463 3.4, X.3.0: a fault of this system.
 */
export function lostRefusal(place: ConnectedPlace, reason: string, isLocal: boolean): Refusal {
  if (!isLocal) return connectionRefusal(place.hop, 'connect', reason);
  return localRefusal({
    during: 'connect',
    code: 0,
    enhanced: '4.3.0',
    text: `${serverText(serverOf(place.hop))}: ${reason}`,
    permanent: false,
  });
}
