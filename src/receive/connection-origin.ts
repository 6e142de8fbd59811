// How a connection came in, and what follows from it for its client.

import type { RelayPolicy } from '../policy/relay-policy.ts';
import type { ClientFacts, FrontEndFacts, ListenerFacts } from '../policy/stage.ts';
import type { Leniency, Reply } from '../protocol/smtp/server/server-types.ts';
import type { Allowance } from '../protocol/smtp/server/session-facts.ts';
import type { ReceiveContext } from './receive-context.ts';

export interface FrontEndRights {
  /** Whether it is a front end that must tell its client by XCLIENT. */
  readonly xclient: boolean;
  /** Whether it is one that may tell about its client by XFORWARD. */
  readonly xforward: boolean;
  /** Whether it is a client that may ask for a sender for each recipient (XVERP). */
  readonly xverp: boolean;
}

export const noRights: FrontEndRights = { xclient: false, xforward: false, xverp: false };

/** How a connection came in. */
export interface ConnectionOrigin {
  readonly listener: ListenerFacts;
  /** The client's IP address; empty for a program of this host on the submission socket. */
  readonly client: string;
  /** How many connections this client had when it came, with this one; 0 where they are not counted. */
  readonly connections: number;
  /** Undefined when the client has connected by itself. */
  readonly frontEnd: FrontEndFacts | undefined;
  /** Whether the listener completes mail of clients that may relay. */
  readonly completesMail: boolean;
  /** May users of whom a front end tells by XCLIENT relay? */
  readonly relaysToldLogins: boolean;
  readonly rights: FrontEndRights;
  /** The rights of a client that XCLIENT tells. */
  rightsOf(client: string): FrontEndRights;
  /** Applies the limits per client to a client that XCLIENT tells. @param client - empty when it is not known */
  admit(client: string): Admission;
}

/** Whether the limits per client let one in. `connections` are those that the client has now; 0 where they are not counted. */
export type Admission =
  | Admitted
  | { readonly kind: 'refused'; readonly connections: number; readonly reply: Reply };

export interface Admitted {
  readonly kind: 'admitted';
  readonly connections: number;
  readonly context: ReceiveContext;
  /** Must be called when the client has gone. */
  release(): void;
}

/** A connection that no limit per client counts. */
export function uncounted(context: ReceiveContext): Admitted {
  return { kind: 'admitted', connections: 0, context, release: () => undefined };
}

/**
 * @param address - empty for a program of this host
 * @param connections - of this client at the same time, with this one; 0 where they are not counted
 */
export function clientFacts(
  relay: Pick<RelayPolicy, 'isRelayClient'>,
  address: string,
  frontEnd: FrontEndFacts | undefined,
  connections: number,
): ClientFacts {
  // A front end that does not know its client has no right to give it.
  const isKnown = frontEnd?.knowsClient !== false;
  const mayRelay = address === '' || (isKnown && relay.isRelayClient(address));
  return { address, mayRelay, frontEnd, connections };
}

/** What a rule lets a client do in its session. @param hostname - of this host */
export function allowanceOf(
  { client, maxMessageBytes }: { readonly client: ClientFacts; readonly maxMessageBytes: number },
  completesMail: boolean,
  hostname: string,
): Allowance {
  return { ...deviationsOf(client, completesMail, hostname), maxMessageBytes };
}

/** What the session of a client may deviate in. @param hostname - of this host */
export function leniencyOf(
  client: ClientFacts,
  { completesMail, rights }: ConnectionOrigin,
  hostname: string,
  { xclient, xforward, xverp }: FrontEndRights = rights,
): Leniency {
  return { ...deviationsOf(client, completesMail, hostname), xclient, xforward, xverp };
}

function deviationsOf(
  { mayRelay }: ClientFacts,
  completesMail: boolean,
  hostname: string,
): Pick<Leniency, 'oddCommands' | 'defaultDomain'> {
  return { oddCommands: mayRelay, defaultDomain: completesMail && mayRelay ? hostname : '' };
}
