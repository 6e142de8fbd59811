// What all incoming connections of a process share.

import type { Trail } from '../crash/trail.ts';
import type { Centres } from '../front/centres.ts';
import type { Deadlines } from '../io/deadlines.ts';
import type { EtrnDesk } from '../policy/backup/types.ts';
import type { Pipelines } from '../policy/pipelines.ts';
import type { RelayPolicy } from '../policy/relay-policy.ts';
import type { RoomGate } from '../policy/room/room-gate.ts';
import type { SendingGate } from '../policy/sending/sending-gate.ts';
import type { Signing } from '../signing/outgoing-mail.ts';
import type { GuessCounts } from './guess-counts.ts';
import type { ListenerAuth } from './listener-auth.ts';
import type { ListenerSecurity } from './listener-security.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { ReceiveLog } from './receive-log.ts';
import type { StorePlaces } from './store-places.ts';
import type { Intake, ReceiveSettings } from './types.ts';

/**
 * What a connection needs from its process. A connection keeps the settings and stages with which it began; a change of tenants
 * or sending limits applies to all connections at once.
 */
export interface ReceiveContext {
  readonly settings: ReceiveSettings;
  /** Undefined where TLS is not possible. */
  readonly tls?: ListenerSecurity | undefined;
  /** Undefined where there is no AUTH. */
  readonly auth?: ListenerAuth | undefined;
  /** Signs mail of users and of clients that may relay; undefined where nothing is signed. */
  readonly signing?: Signing | undefined;
  /** Names of routes to filters: mail that goes by one of them is signed when it is back. Undefined: none. */
  readonly signsLater?: ReadonlySet<string> | undefined;
  /** Which clients may relay. */
  readonly relay: Pick<RelayPolicy, 'isRelayClient'>;
  /** The stages that decide about mail. */
  readonly pipelines: Pipelines;
  /** Undefined where nothing is ever limited. */
  readonly sending?: Pick<SendingGate, 'ledger' | 'isOff' | 'heldFor'> | undefined;
  /** Room in quarantine; undefined where it is not limited. */
  readonly quarantine?: Pick<RoomGate, 'ledger' | 'isLimited'> | undefined;
  /** Room in the queue of tenants with a quota; undefined where none has one. */
  readonly queue?: Pick<RoomGate, 'ledger' | 'isLimited'> | undefined;
  /** Clients that name recipients that do not exist; undefined for clients that are not counted. */
  readonly guesses?: GuessCounts | undefined;
  /** Answers ETRN; undefined where this server is no backup MX. */
  readonly etrn?: EtrnDesk | undefined;
  readonly places: StorePlaces;
  /** Mail is handed over at once and not stored; undefined: it is stored. */
  readonly front?: Pick<Centres, 'session' | 'refusal'> | undefined;
  /** Is the manager told of the client of each message? */
  readonly tellsClient?: boolean;
  readonly intake: Intake;
  readonly memory: MemoryBudget;
  readonly deadlines: Deadlines;
  readonly log: ReceiveLog;
  /** Says what is being received, for the case that this process crashes. */
  readonly trail?: Trail | undefined;
}
