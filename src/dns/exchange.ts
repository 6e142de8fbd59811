// One question to the name servers as a state machine: it says which message goes to which server. It owns no socket, timer
// or clock. Servers are tried in order, round by round. After a truncated answer the question is asked again by TCP (RFC 7766
// 5); a server that does not understand EDNS is asked again without it (RFC 6891 7), and one whose signatures cannot be read is asked
// again without them.

import {
  decodeResponse,
  encodeQuery,
  headerRcode,
  matchResponse,
  rcodeName,
  rcodes,
  type EdnsOffer,
  type EncodedQuery,
  type QueryType,
  type ResponseMessage,
} from './message.ts';
import type { NameServer } from './types.ts';

/** What the caller has to do next. */
export type ExchangeStep =
  /** Drop what is open for this exchange, send `bytes` to `server` and start its timeout. */
  | {
      readonly kind: 'send';
      readonly transport: 'udp' | 'tcp';
      readonly server: NameServer;
      readonly bytes: Buffer;
    }
  /** The message was no answer: go on listening, with the same timeout. */
  | { readonly kind: 'listen' }
  /** A NOERROR or NXDOMAIN response. */
  | { readonly kind: 'response'; readonly response: ResponseMessage }
  | { readonly kind: 'failed'; readonly reason: string };

/** After this many datagrams that do not match in one try, somebody may be guessing ids: then TCP is used. */
const maxStrangers = 20;

const listen: ExchangeStep = { kind: 'listen' };

export class Exchange {
  readonly #name: string;
  readonly #type: QueryType;
  readonly #servers: readonly NameServer[];
  readonly #tries: number;
  readonly #randomId: () => number;
  readonly #isLeftAlone: (server: NameServer) => boolean;
  #try = 0;
  #transport: 'udp' | 'tcp' = 'udp';
  readonly #wanted: EdnsOffer;
  #edns: EdnsOffer;
  #strangers = 0;
  #query: EncodedQuery | undefined;
  #reason = 'no name server';

  /**
   * @param name canonical, and passes `isQueryable`
   * @param servers in the order to try
   * @param rounds how often each server is tried
   * @param randomId unpredictable, 0 to 65535 (RFC 5452 9.2)
   * @param isLeftAlone whether a server is skipped, because it is silent while another one answers
   * @param edns what each server is offered at first
   */
  constructor(
    name: string,
    type: QueryType,
    servers: readonly NameServer[],
    rounds: number,
    randomId: () => number,
    isLeftAlone: (server: NameServer) => boolean = () => false,
    edns: EdnsOffer = 'plain',
  ) {
    this.#name = name;
    this.#type = type;
    this.#servers = servers;
    this.#tries = servers.length * rounds;
    this.#randomId = randomId;
    this.#isLeftAlone = isLeftAlone;
    this.#wanted = edns;
    this.#edns = edns;
  }

  start(): ExchangeStep {
    return this.#send();
  }

  /** A datagram of the current server, or the message of the current TCP connection. */
  received(message: Buffer): ExchangeStep {
    if (this.#query === undefined) return listen;
    const match = matchResponse(this.#query, message);
    switch (match) {
      case 'stranger':
        if (this.#transport === 'tcp') return this.#next('a mismatched answer by TCP');
        if (++this.#strangers < maxStrangers) return listen;
        return this.#overTcp();
      case 'truncated':
        // After TCP there is no other transport to try.
        return this.#transport === 'udp' ? this.#overTcp() : this.#next('a truncated answer by TCP');
      case 'bare-error':
        return this.#errorCode(headerRcode(message));
      case 'ours':
        return this.#ours(message);
    }
  }

  timedOut(timeoutMs: number): ExchangeStep {
    return this.#next(`no answer within ${timeoutMs} ms`);
  }

  unreachable(reason: string): ExchangeStep {
    return this.#next(reason);
  }

  /** A well-formed response that did not answer, e.g. a referral: the next server may know. */
  unusable(reason: string): ExchangeStep {
    return this.#next(reason);
  }

  #ours(message: Buffer): ExchangeStep {
    const response = decodeResponse(message);
    if (response === undefined) {
      if (this.#edns !== 'dnssec') return this.#next('a malformed answer');
      // It may be a signature that cannot be read. AD is asked for without them, too (RFC 6840 5.7).
      return this.#askAgainWith('plain');
    }
    if (response.rcode !== rcodes.noError && response.rcode !== rcodes.nxDomain) {
      return this.#errorCode(response.rcode);
    }
    return { kind: 'response', response };
  }

  #errorCode(rcode: number): ExchangeStep {
    // RFC 6891 7: FORMERR is what a server from before EDNS says; NOTIMP and BADVERS were seen, too.
    if (this.#edns !== 'none' && (rcode === rcodes.formErr || rcode === rcodes.notImp || rcode === 16)) {
      return this.#askAgainWith('none');
    }
    return this.#next(rcodeName(rcode));
  }

  /** The same server, in the same try: the offer only shrinks, so this happens twice at most. */
  #askAgainWith(edns: EdnsOffer): ExchangeStep {
    this.#edns = edns;
    return this.#send();
  }

  #overTcp(): ExchangeStep {
    this.#transport = 'tcp';
    return this.#send();
  }

  #next(reason: string): ExchangeStep {
    const server = this.#server();
    this.#reason = server === undefined ? reason : `${reason} from ${server.address}`;
    this.#try++;
    this.#passOver();
    this.#transport = 'udp';
    this.#edns = this.#wanted;
    return this.#send();
  }

  /** Goes to the next server that is not left alone; if all are, to the next one. */
  #passOver(): void {
    if (this.#servers.every(this.#isLeftAlone)) return;
    for (
      let server = this.#server();
      server !== undefined && this.#isLeftAlone(server);
      server = this.#server()
    ) {
      this.#try++;
    }
  }

  #server(): NameServer | undefined {
    return this.#servers[this.#try % this.#servers.length];
  }

  #send(): ExchangeStep {
    const server = this.#server();
    if (server === undefined || this.#try >= this.#tries) return { kind: 'failed', reason: this.#reason };
    this.#strangers = 0;
    // A new id each time: an answer to an earlier try is a stranger.
    this.#query = encodeQuery(this.#randomId(), this.#name, this.#type, this.#edns);
    return { kind: 'send', transport: this.#transport, server, bytes: this.#query.bytes };
  }
}
