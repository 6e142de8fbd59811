// What front ends tell of their clients, by XCLIENT and XFORWARD, put together: a later command adds to what an earlier one said.

import type { FrontEndFacts } from '../policy/stage.ts';
import type { ForwardedFacts, XclientFacts } from '../protocol/smtp/server/server-types.ts';

/** A client as it is known: its address, or that of the front end that does not know it. */
export interface ToldClient {
  readonly address: string;
  readonly frontEnd: FrontEndFacts;
}

/**
 * The client after XCLIENT.
 *
 * @param frontEnd - the address of the front end
 * @param before - what the last XCLIENT of this connection has made of it; undefined before the first
 */
export function toldByXclient(
  frontEnd: string,
  before: ToldClient | undefined,
  told: XclientFacts,
): ToldClient {
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
  };
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
