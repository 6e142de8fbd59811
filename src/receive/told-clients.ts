// What front ends tell of their clients, by XCLIENT and XFORWARD, put together: a later command adds to what an earlier one said.

import { clientFacts, type ConnectionOrigin, type FrontEndRights, noRights } from './connection-origin.ts';
import type { RelayPolicy } from '../policy/relay-policy.ts';
import type { ClientFacts, FrontEndFacts } from '../policy/stage.ts';
import type { ForwardedFacts, XclientFacts } from '../protocol/smtp/server/server-types.ts';

/** A client as it is known: its address, or that of the front end that does not know it. */
export interface ToldClient {
  readonly address: string;
  readonly frontEnd: FrontEndFacts;
  /** What the connection may say of its client from now on. */
  readonly rights: FrontEndRights;
}

/**
 * The client after XCLIENT.
 *
 * @param origin - the connection of the front end
 * @param before - what the last XCLIENT of this connection has made of it; undefined before the first
 */
export function toldByXclient(
  origin: Pick<ConnectionOrigin, 'client' | 'rights' | 'rightsOf'>,
  before: ToldClient | undefined,
  told: XclientFacts,
): ToldClient {
  const { client: frontEnd } = origin;
  const { address = before?.frontEnd.knowsClient === true ? before.address : '', protocol } = told;
  const last = before?.frontEnd;
  return {
    address: address === '' ? frontEnd : address,
    frontEnd: {
      address: frontEnd,
      knowsClient: address !== '',
      clientName: text(told.name, last?.clientName),
      clientPort: port(told.port, last?.clientPort),
      destination: text(told.destination, last?.destination),
      destinationPort: port(told.destinationPort, last?.destinationPort),
      helo: text(told.helo, last?.helo),
      extended: protocol === undefined ? last?.extended : protocol === '' ? undefined : protocol === 'ESMTP',
      login: text(told.login, last?.login),
    },
    // From the address on, nobody knows whether the front end speaks or its client, which has the rights of its own address alone.
    rights:
      told.address === undefined
        ? (before?.rights ?? origin.rights)
        : address === ''
          ? noRights
          : origin.rightsOf(address),
  };
}

/** @param connections - of this client at the same time, with this one; 0 where they are not counted */
export function factsOfTold(
  relay: Pick<RelayPolicy, 'isRelayClient'>,
  { address, frontEnd }: ToldClient,
  connections: number,
  { relaysToldLogins }: Pick<ConnectionOrigin, 'relaysToldLogins'>,
): ClientFacts {
  const facts = clientFacts(relay, address, frontEnd, connections);
  return relaysToldLogins && frontEnd.knowsClient && frontEnd.login !== undefined
    ? { ...facts, mayRelay: true }
    : facts;
}

/** What several XFORWARD commands have said. */
export function withNews(before: ForwardedFacts | undefined, news: ForwardedFacts): ForwardedFacts {
  if (before === undefined) return news;
  return {
    name: news.name ?? before.name,
    address: news.address ?? before.address,
    port: news.port ?? before.port,
    protocol: news.protocol ?? before.protocol,
    helo: news.helo ?? before.helo,
    id: news.id ?? before.id,
    source: news.source ?? before.source,
  };
}

/** @param value - undefined when not said, empty when not available */
function text(value: string | undefined, before: string | undefined): string | undefined {
  if (value === undefined) return before;
  return value === '' ? undefined : value;
}

function port(value: string | undefined, before: number | undefined): number | undefined {
  if (value === undefined) return before;
  return value === '' ? undefined : Number(value);
}
