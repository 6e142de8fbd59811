// What stages are told of a client and its connection: plain data.

/** Where a client connected. */
export interface ListenerFacts {
  /** `submission`: SMTP on the Unix-domain socket of `sluice sendmail`. */
  readonly kind: 'smtp' | 'lmtp' | 'qmqp' | 'qmtp' | 'submission';
  /** The address as configured: `192.0.2.1:25`, `unix:/run/sluice/lmtp`. */
  readonly name: string;
}

export interface ClientFacts {
  /** IP address; empty for a program of this host. */
  readonly address: string;
  /** May it send to anyone? True in relay_networks, for programs of this host, and with a certificate that may relay. */
  readonly mayRelay: boolean;
  /** What the rule for it says; undefined where no rule holds. */
  readonly rule?: ClientRuleFacts | undefined;
  /**
   * How many connections from this address this receiver process had when this one came, with this one. 0: they are not counted,
   * since the limits per client do not apply to it.
   */
  readonly connections?: number | undefined;
  /** What a front end told of it; undefined when it has connected by itself. */
  readonly frontEnd?: FrontEndFacts | undefined;
}

/** What a rule of the table of clients says of a client or a user that it does not refuse. */
export interface ClientRuleFacts {
  /** Whom the rule is about: `192.0.2.0/24`, `*.example.com`, `user:joe@example.com`; empty: no rule holds. */
  readonly who: string;
  /** Undefined: the rule gives no right to relay. Otherwise what is appended to each recipient; empty for nothing. */
  readonly relay: string | undefined;
  /** In place of max_message_size; 0 for no limit, undefined where the rule says nothing. */
  readonly maxMessageBytes: number | undefined;
  /** Whether the client may relay depends on its name, which could not be looked up. */
  readonly isRelayUnknown?: boolean | undefined;
  /** The variables of the rule, without control characters. */
  readonly variables: Readonly<Record<string, string>>;
}

/** A load balancer that is named in `proxy_protocol`, or another front end in `xclient`, and what it told of its client. */
export interface FrontEndFacts {
  /** The IP address that has connected to us. */
  readonly address: string;
  /** Whether it could say who the client is. If not, the client counts as the front end itself, and may not relay. */
  readonly knowsClient: boolean;
  /** The client's name in the reverse DNS. This and all that follows: undefined when not told or not available. */
  readonly clientName?: string | undefined;
  /** The client's port, and where it has connected. */
  readonly clientPort?: number | undefined;
  readonly destination?: string | undefined;
  readonly destinationPort?: number | undefined;
  /** What the client said in HELO or EHLO there, and whether it was EHLO: these are the facts, whatever the front end says here. */
  readonly helo?: string | undefined;
  readonly extended?: boolean | undefined;
  /** As whom the client has authenticated there. */
  readonly login?: string | undefined;
}

/** The TLS connection of a session. */
export interface TlsFacts {
  /** As OpenSSL names them: `TLSv1.3`, `TLS_AES_256_GCM_SHA384`. */
  readonly version: string;
  readonly cipher: string;
  /** The subject of the client's certificate, when it has one by which it may relay. */
  readonly certificateSubject: string | undefined;
  /** The issuer of that certificate. */
  readonly certificateIssuer?: string | undefined;
  /** SHA-256 of that certificate and of its public key: pairs of hexadecimal digits in upper case, with colons between them. */
  readonly certificateFingerprint?: string | undefined;
  readonly publicKeyFingerprint?: string | undefined;
  /** The name that the client asked for (SNI, RFC 6066 3); undefined for none. */
  readonly serverName?: string | undefined;
}

/** The ends of a connection; undefined for Unix-domain sockets. Behind a front end, it is the connection of that. */
export interface ConnectionFacts {
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}
