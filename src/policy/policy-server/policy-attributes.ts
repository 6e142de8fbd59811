// What a policy server is told: the attributes of Postfix's policy delegation protocol, from the facts of a session. What is not known is empty,
// or 0 for a number.

import { encodeXtext } from '../../protocol/smtp/xtext.ts';
import type { PolicyAttributes } from '../../protocol/policy-delegation/request.ts';
import { withoutMapping } from '../../values/ip-address.ts';
import type { PolicyPoint } from '../../values/policy-points.ts';
import type { ClientName } from '../client-name.ts';
import { cipherBits, clientAddress, clientPort, commonName } from '../session-texts.ts';
import type { Facts, SessionFacts, TransactionFacts } from '../stage.ts';

export interface AttributeSettings {
  /** `policy_context`: by which a server knows what it is asked for. */
  readonly context: string;
  /** The name and version of this program. */
  readonly program: string;
}

/** What the defaults of Postfix are like that we follow. */
const compatibilityLevel = '3.6';

/** Where Postfix asks. */
const states: Readonly<Record<Exclude<PolicyPoint, 'helo'>, string>> = {
  connect: 'CONNECT',
  mail: 'MAIL',
  rcpt: 'RCPT',
  data: 'DATA',
  'end-of-data': 'END-OF-MESSAGE',
};

/** Identifiers of sessions: no two have the same, in whichever process and after whichever restart. */
const ofProcess = `${process.pid.toString(16)}.${Math.floor(Date.now() / 1000).toString(16)}`;
const sessions = new WeakMap<SessionFacts, string>();
let sessionCount = 0;

/** The attributes at one point, in the order in which Postfix sends them. */
export function policyAttributes(
  point: PolicyPoint,
  facts: Facts,
  client: ClientName,
  { context, program }: AttributeSettings,
): PolicyAttributes {
  const { helo, extended, tls, principal, mechanism, connection, listener } = facts;
  const { frontEnd } = facts.client;
  const message = point === 'connect' || point === 'helo' ? undefined : facts.transaction;
  return [
    ['request', 'smtpd_access_policy'],
    ['protocol_state', point === 'helo' ? (extended ? 'EHLO' : 'HELO') : states[point]],
    ['protocol_name', listener.kind === 'lmtp' ? 'LMTP' : extended ? 'ESMTP' : 'SMTP'],
    ['client_address', clientAddress(facts)],
    ['client_name', client.verified ?? 'unknown'],
    ['client_port', text(clientPort(facts))],
    ['reverse_client_name', client.verified ?? client.claimed ?? 'unknown'],
    ['server_address', serverAddress(frontEnd?.destination ?? connection.localAddress)],
    ['server_port', text(frontEnd?.destinationPort ?? connection.localPort)],
    ['helo_name', helo],
    ['sender', message?.reversePath ?? ''],
    ...recipientAttributes(point, facts, message),
    ['queue_id', message?.queueId ?? ''],
    ['instance', instanceOf(facts, message)],
    ['size', sizeOf(point, facts, message)],
    ['etrn_domain', ''],
    ['stress', ''],
    // A front end that has told of a log-in does not tell how it was.
    ['sasl_method', mechanism ?? ''],
    ['sasl_username', principal ?? ''],
    ['sasl_sender', message?.params.auth ?? ''],
    ['ccert_subject', encodeXtext(commonName(tls?.certificateSubject) ?? '')],
    ['ccert_issuer', encodeXtext(commonName(tls?.certificateIssuer) ?? '')],
    ['ccert_fingerprint', encodeXtext(tls?.certificateFingerprint ?? '')],
    ['ccert_pubkey_fingerprint', encodeXtext(tls?.publicKeyFingerprint ?? '')],
    ['encryption_protocol', tls?.version ?? ''],
    ['encryption_cipher', tls?.cipher ?? ''],
    ['encryption_keysize', tls === undefined ? '0' : (cipherBits(tls.cipher) ?? '0')],
    ['policy_context', context],
    ['compatibility_level', compatibilityLevel],
    ['mail_version', program],
    ['tls_sni', tls?.serverName ?? ''],
  ];
}

/** The recipient in question; when all of them are, only a single one is named. They are counted from DATA on. */
function recipientAttributes(
  point: PolicyPoint,
  { recipient }: Facts,
  message: TransactionFacts | undefined,
): PolicyAttributes {
  if (message === undefined || point === 'mail')
    return [
      ['recipient', ''],
      ['recipient_count', '0'],
    ];
  if (point === 'rcpt')
    return [
      ['recipient', recipient.address],
      ['recipient_count', '0'],
    ];
  const { recipients } = message;
  const [only] = recipients;
  return [
    ['recipient', recipients.length === 1 ? (only?.address ?? '') : ''],
    ['recipient_count', String(recipients.length)],
  ];
}

/** The same for all questions about one message. */
function instanceOf(facts: SessionFacts, message: TransactionFacts | undefined): string {
  let session = sessions.get(facts);
  if (session === undefined) {
    session = `${ofProcess}.${(++sessionCount).toString(16)}`;
    sessions.set(facts, session);
  }
  return message === undefined ? session : `${session}.${message.queueId}`;
}

/** What MAIL declared, and in the end what it is. */
function sizeOf(point: PolicyPoint, facts: Facts, message: TransactionFacts | undefined): string {
  if (message === undefined) return '0';
  if (point !== 'end-of-data') return String(message.params.sizeBytes);
  let bytes = facts.body.sizeBytes;
  for (const field of facts.header.fields) bytes += field.bytes.length;
  // The empty line between header and body.
  return String(bytes === 0 ? 0 : bytes + 2);
}

function serverAddress(address: string | undefined): string {
  const [withoutZone = ''] = withoutMapping(address ?? '').split('%', 1);
  return withoutZone;
}

function text(port: number | undefined): string {
  return port === undefined ? '' : String(port);
}
