// Where a message came from, and what its client may do: the same for all messages between two greetings of a client.

import type { User } from '../directory/types.ts';
import type { FrontEndFacts, ListenerFacts, SessionFacts, TlsFacts } from '../policy/stage.ts';

export interface TransactionOrigin {
  readonly listener: ListenerFacts['kind'];
  /** IP address; empty for a program of this host. */
  readonly client: string;
  /** Undefined when the client has connected by itself. */
  readonly frontEnd: FrontEndFacts | undefined;
  readonly helo: string;
  readonly extended: boolean;
  /** Whether the client may relay. Then it may also set the priority. */
  readonly trusted: boolean;
  /** Whether a missing Date or Message-ID is added, unless the message was relayed before (RFC 6409 8). */
  readonly completed: boolean;
  /** Who the client has proved to be; undefined: nobody. */
  readonly principal?: string | undefined;
  /** Whether it has proved that here, by AUTH. */
  readonly authenticated?: boolean | undefined;
  /** Undefined for a session in clear. */
  readonly tls?: TlsFacts | undefined;
}

/** @param completesMail - whether mail of clients that may relay is completed */
export function originOf(
  {
    listener,
    client,
    helo,
    extended,
    principal,
    tls,
    user,
  }: SessionFacts & { readonly user: User | undefined },
  completesMail: boolean,
): TransactionOrigin {
  return {
    listener: listener.kind,
    client: client.address,
    frontEnd: client.frontEnd,
    helo,
    extended,
    trusted: client.mayRelay,
    completed: completesMail && client.mayRelay,
    principal,
    authenticated: user !== undefined,
    tls,
  };
}
