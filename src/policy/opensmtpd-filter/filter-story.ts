// What one process of a filter was told of a session. Promises: it hears of every event before those that build on it, also when the session had
// begun before the process; an event is told when it is known what became of it.

import { randomBytes } from 'node:crypto';
import type { FilterEvent } from '../../protocol/opensmtpd-filter/names.ts';
import type { FilterSurroundings } from '../../protocol/opensmtpd-filter/told-lines.ts';
import type { ClientName } from '../client-name.ts';
import { cipherBits, clientAddress, clientPort, familyOf } from '../session-texts.ts';
import type { MailFacts, Point, RcptFacts, SessionFacts, TlsFacts } from '../stage.ts';
import { type FilterProcess, newId } from './filter-process.ts';

/** As OpenSMTPD says that a client has no name. */
const noName = '<unknown>';

interface ToldMessage {
  /** 8 hexadecimal digits. */
  readonly id: string;
  readonly queueId: string;
  recipients: number;
  hasContent: boolean;
}

export class FilterStory {
  readonly process: FilterProcess;
  /** The session, as the filter knows it: 16 hexadecimal digits. */
  readonly session = newId();
  readonly #surroundings: Pick<FilterSurroundings, 'version' | 'hostname'>;
  readonly #client: ClientName;
  #saidConnect = false;
  #saidGreeting = false;
  #saidTls = false;
  #saidHelo = '';
  #saidUser = '';
  #message: ToldMessage | undefined;

  constructor(
    process: FilterProcess,
    surroundings: Pick<FilterSurroundings, 'version' | 'hostname'>,
    client: ClientName,
  ) {
    this.process = process;
    this.#surroundings = surroundings;
    this.#client = client;
  }

  /** The name of the client, as the phase `connect` has it. */
  get clientName(): string {
    return this.#client.verified ?? this.#client.claimed ?? noName;
  }

  /** Tells it what has happened before it is asked at this point. */
  bringUp(point: Point, facts: SessionFacts): void {
    if (!this.#saidConnect) this.#connect(facts);
    if (point === 'connect' || point === 'starttls') return;
    this.#greeted();
    if (facts.tls !== undefined && !this.#saidTls) {
      this.#saidTls = true;
      this.#tell('link-tls', tlsText(facts.tls));
    }
    if (point === 'helo') return;
    this.#identify(facts);
    if (point === 'auth') return;
    const user = facts.principal ?? '';
    if (user !== '' && user !== this.#saidUser) {
      this.#saidUser = user;
      // The last value is the one that may have any character: up to 0.6 that was not the name.
      if (this.#surroundings.version === '0.6') this.#tell('link-auth', user, 'pass');
      else this.#tell('link-auth', 'pass', user);
    }
    if (point !== 'mail') this.#bringMessageUp(point, facts as MailFacts);
  }

  /** A recipient was refused by somebody else. */
  refused(facts: RcptFacts, code: number): void {
    this.bringUp('rcpt', facts);
    const id = this.#message?.id ?? '';
    this.#tell('tx-rcpt', id, code >= 500 ? 'permfail' : 'tempfail', facts.recipient.address);
  }

  /** The client has sent a command. */
  said(facts: SessionFacts, line: string): void {
    if (!this.#hears('protocol-client')) return;
    this.bringUp('mail', facts);
    this.#tell('protocol-client', line);
  }

  /** These replies leave. */
  replied(bytes: Uint8Array): void {
    if (!this.#hears('protocol-server')) return;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    for (const line of text.split('\r\n').slice(0, -1)) this.#tell('protocol-server', line);
    if (text.startsWith('220 ')) this.#greeted();
  }

  /** The client has said nothing for too long. */
  timedOut(): void {
    if (this.#hears('timeout')) this.#tell('timeout');
  }

  /** The message has ended. @param sizeBytes - what it has, when it was accepted; undefined when it was not */
  endMessage(sizeBytes: number | undefined): void {
    const message = this.#message;
    if (message === undefined) return;
    this.#message = undefined;
    if (sizeBytes === undefined) this.#tell('tx-rollback', message.id);
    else this.#tell('tx-commit', message.id, String(sizeBytes));
    this.#tell('tx-reset', message.id);
  }

  /** The client has gone, or the filter is to think so. */
  end(facts: SessionFacts): void {
    if (!this.#saidConnect) return;
    this.endMessage(undefined);
    if (this.#saidGreeting) this.#identify(facts);
    this.#tell('link-disconnect');
  }

  #tell(event: Parameters<FilterProcess['tell']>[0], ...values: readonly string[]): void {
    this.process.tell(event, this.session, values);
  }

  /** The lines of a session are told from its connection on. */
  #hears(event: FilterEvent): boolean {
    return this.#saidConnect && !this.process.isGone && this.process.events.has(event);
  }

  #greeted(): void {
    if (this.#saidGreeting) return;
    this.#saidGreeting = true;
    this.#tell('link-greeting', this.#surroundings.hostname);
  }

  #connect(facts: SessionFacts): void {
    this.#saidConnect = true;
    const { connection, client, listener } = facts;
    const { status } = this.#client;
    const known = status === 'OK' ? 'pass' : status === 'TEMP' ? 'error' : 'fail';
    const isLocal = client.address === '' && listener.name.startsWith('unix:');
    const from = isLocal ? listener.name : endText(clientAddress(facts), clientPort(facts));
    const [own = '127.0.0.1'] = (
      client.frontEnd?.destination ??
      connection.localAddress ??
      '127.0.0.1'
    ).split('%');
    const ownPort = client.frontEnd?.destinationPort ?? connection.localPort;
    const to = isLocal ? listener.name : endText(own.replace(/^::ffff:(?=.*\.)/u, ''), ownPort);
    this.#tell('link-connect', this.clientName, known, from, to);
  }

  #identify({ helo, extended, tls }: SessionFacts): void {
    // Under TLS, a client says it once more (RFC 3207 4.2).
    const said = helo === '' ? '' : `${helo} ${String(extended)} ${tls?.version ?? ''}`;
    if (said === '' || said === this.#saidHelo) return;
    this.#saidHelo = said;
    this.#tell('link-identify', extended ? 'EHLO' : 'HELO', helo);
  }

  #bringMessageUp(point: Point, { transaction }: MailFacts): void {
    if (this.#message?.queueId !== transaction.queueId) {
      this.endMessage(undefined);
      const id = randomBytes(4).toString('hex');
      this.#message = { id, queueId: transaction.queueId, recipients: 0, hasContent: false };
      this.#tell('tx-begin', id);
      this.#tell('tx-mail', id, 'ok', transaction.reversePath);
    }
    const message = this.#message;
    for (const { address } of transaction.recipients.slice(message.recipients)) {
      this.#tell('tx-rcpt', message.id, 'ok', address);
      // Identifiers of envelopes are that of the message, and one of their own.
      this.#tell(
        'tx-envelope',
        message.id,
        `${message.id}${(++message.recipients).toString(16).padStart(8, '0')}`,
      );
    }
    if (point !== 'content' || message.hasContent) return;
    message.hasContent = true;
    this.#tell('tx-data', message.id, 'ok');
  }
}

/** As the phase `starttls` and the event `link-tls` have it. */
export function tlsText({ version, cipher }: TlsFacts): string {
  return `${version}:${cipher}:${cipherBits(cipher) ?? '0'}`;
}

/** An address as the phase `connect` has it. */
export function addressText(address: string): string {
  return familyOf(address) === '6' ? `[${address}]` : address;
}

function endText(address: string, port: number | undefined): string {
  return `${addressText(address)}:${port ?? 0}`;
}
