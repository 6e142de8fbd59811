// Facts for a plugin under test: the few that the test is about, and usual ones for all others.

import { EditableHeader } from '../../message/editable-header.ts';
import type {
  ClientFacts,
  ConnectionFacts,
  ListenerFacts,
  RcptFacts,
  StageResult,
  TlsFacts,
} from '../../policy/stage.ts';
import type { MailParameters, RcptParameters } from '../../protocol/smtp/server/server-types.ts';
import type { PluginContentFacts } from '../types.ts';

/** What a test says of a session and a message. All that it does not say is as usual. */
export interface TestFacts {
  readonly listener?: Partial<ListenerFacts>;
  /** A stranger at 192.0.2.1, who may not relay. */
  readonly client?: Partial<ClientFacts>;
  readonly connection?: ConnectionFacts;
  /** In clear. */
  readonly tls?: Partial<TlsFacts>;
  /** The address of a user who has logged in here; nobody. */
  readonly user?: string;
  /** Who the client has proved to be in another way; the user. */
  readonly principal?: string;
  readonly helo?: string;
  readonly extended?: boolean;
  /** What other stages have found out, by their names. */
  readonly results?: Readonly<Record<string, StageResult>>;
  /** sender@example.net; empty for the null reverse-path. */
  readonly sender?: string;
  readonly mailParams?: Partial<MailParameters>;
  /** Those that were accepted: none before `data`, then the recipient. */
  readonly recipients?: readonly string[];
  /** The recipient in question; recipient@example.com. */
  readonly recipient?: string;
  readonly rcptParams?: RcptParameters;
  readonly tenant?: string;
  readonly quarantine?: string;
  /** Whether `sluice policy try` asks; no. */
  readonly isTrial?: boolean;
  /** Header, empty line and body; line ends may be LF alone. */
  readonly message?: string | Uint8Array;
}

const usualMessage = 'From: sender@example.net\nTo: recipient@example.com\nSubject: A test\n\nHello\n';

/** The facts of a point, whole. */
export function factsOf(facts: TestFacts, hasRecipients: boolean): RcptFacts & PluginContentFacts {
  const { user, principal = user, helo = 'client.example.net', recipient = 'recipient@example.com' } = facts;
  const { recipients = hasRecipients ? [recipient] : [], results = {} } = facts;
  const { header, body } = splitMessage(facts.message ?? usualMessage);
  const editable = new EditableHeader(header);
  return {
    listener: { kind: 'smtp', name: '192.0.2.25:25', ...facts.listener },
    client: { address: '192.0.2.1', mayRelay: false, ...facts.client },
    connection: { remotePort: 40_000, localAddress: '192.0.2.25', localPort: 25, ...facts.connection },
    tls:
      facts.tls === undefined
        ? undefined
        : {
            version: 'TLSv1.3',
            cipher: 'TLS_AES_256_GCM_SHA384',
            certificateSubject: undefined,
            ...facts.tls,
          },
    principal,
    user: user === undefined ? undefined : { address: user, aliases: [], senders: [] },
    mechanism: user === undefined ? undefined : 'PLAIN',
    helo,
    extended: facts.extended ?? true,
    isTrial: facts.isTrial ?? false,
    results,
    resultOf: (stage) => (Object.hasOwn(results, stage) ? results[stage] : undefined),
    transaction: {
      queueId: '1a2b3c4d5e',
      reversePath: facts.sender ?? 'sender@example.net',
      params: { sizeBytes: 0, body: '7BIT', smtpUtf8: false, ...facts.mailParams },
      tenant: facts.tenant ?? '',
      priority: undefined,
      forwarded: undefined,
      quarantine: facts.quarantine,
      recipients: recipients.map((address) => ({ address })),
    },
    recipient: { address: recipient, params: facts.rcptParams ?? {} },
    header: { fields: editable.fields, strayLines: editable.strayLines },
    body: {
      sizeBytes: body.length,
      async *read() {
        for (let at = 0; at < body.length; at += pieceBytes) yield body.subarray(at, at + pieceBytes);
      },
    },
  };
}

/** As the worker of a plugin gets them. */
const pieceBytes = 65_536;

/** @param message - a text may have LF alone as line ends; bytes are taken as they are */
export function splitMessage(message: string | Uint8Array): {
  readonly header: Buffer;
  readonly body: Buffer;
} {
  const bytes = Buffer.from(typeof message === 'string' ? message.replaceAll(/\r?\n/gu, '\r\n') : message);
  const end = bytes.subarray(0, 2).equals(Buffer.from('\r\n')) ? 0 : bytes.indexOf('\r\n\r\n') + 2;
  // Without an empty line, all of it is header.
  const at = end === 1 ? bytes.length : end + 2;
  return { header: bytes.subarray(0, at), body: bytes.subarray(at) };
}
