// The objects that all outgoing connections of a process share.

import type { Deadlines } from '../io/deadlines.ts';
import type { Dial } from '../io/dial.ts';
import type { LiveSrs } from '../srs/live-srs.ts';
import type { SpoolReader } from '../spool/types.ts';
import type { DeliveryLog } from './delivery-log.ts';
import type { WaysKit } from './local/ways-kit.ts';
import type { LoginKit } from './login/login-kit.ts';
import type { PlaceProofs } from './smtp/place-proofs.ts';
import type { TlsKit } from './tls/tls-kit.ts';
import type { DeliveryReports, DeliverySettings } from './types.ts';

export interface ConnectionContext {
  readonly settings: DeliverySettings;
  readonly spool: SpoolReader;
  readonly deadlines: Deadlines;
  /** Opens their sockets. */
  readonly dial: Dial;
  readonly reports: DeliveryReports;
  readonly log: DeliveryLog;
  /** Which hosts have been seen to keep the place of messages behind others. */
  readonly proofs: PlaceProofs;
  readonly tls: TlsKit;
  readonly logins: LoginKit;
  /** Rewrites senders, where a hop wants it. */
  readonly srs: LiveSrs;
  readonly ways: WaysKit;
}

/** What a line to a server needs, whoever uses it. */
export type LineContext = Pick<
  ConnectionContext,
  'settings' | 'deadlines' | 'dial' | 'proofs' | 'tls' | 'logins'
>;
