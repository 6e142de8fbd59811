// The values of macros, as Postfix and Sendmail define them, from the facts of a session. A macro without a value is not sent.

import { domainOf } from '../../address/domain.ts';
import type { MacroSource } from '../../protocol/milter/macro-lists.ts';
import { encodeXtext } from '../../protocol/smtp/xtext.ts';
import { withoutMapping } from '../../values/ip-address.ts';
import type { ClientName } from '../client-name.ts';
import { cipherBits, clientAddress, clientPort, commonName } from '../session-texts.ts';
import type { RecipientFacts, SessionFacts, TransactionFacts } from '../stage.ts';

/** What is the same for all sessions of a stage. */
export interface MacroSettings {
  /** The name of this host. */
  readonly hostname: string;
  readonly daemonName: string;
  /** The name and version of this program. */
  readonly program: string;
}

/** A recipient that was refused already. */
export interface RefusedRecipient extends RecipientFacts {
  readonly refusal: { readonly enhanced: string; readonly text: string };
}

/** Mail is handed on by SMTP as far as is known when it comes in: routes are chosen later. */
const mailer = 'smtp';

/** @param at - what the macros are about: at `connect` and `helo` the session alone */
export function macrosOf(
  settings: MacroSettings,
  facts: SessionFacts,
  client: ClientName,
  transaction?: TransactionFacts,
  recipient?: RecipientFacts | RefusedRecipient,
): MacroSource {
  return (name) => {
    if (transaction !== undefined) {
      const value = transactionMacro(name, transaction);
      if (value !== undefined) return value;
    }
    if (recipient !== undefined) {
      const value = recipientMacro(name, recipient);
      if (value !== undefined) return value;
    }
    return sessionMacro(name, settings, facts, client);
  };
}

function sessionMacro(
  name: string,
  { hostname, daemonName, program }: MacroSettings,
  facts: SessionFacts,
  client: ClientName,
): string | undefined {
  const { connection, helo, tls, mechanism, principal } = facts;
  const { frontEnd } = facts.client;
  const address = clientAddress(facts);
  switch (name) {
    case 'j':
    case '{if_name}':
      return hostname;
    case 'v':
      return program;
    case 'Z':
      return program.slice(program.lastIndexOf(' ') + 1);
    case 'b':
      return new Date().toUTCString().replace(/GMT$/, '+0000');
    case 'r':
      return tls === undefined ? (facts.extended ? 'ESMTP' : 'SMTP') : 'ESMTPS';
    case 's':
      return helo === '' ? undefined : helo;
    case '_':
      return `${client.verified ?? client.claimed ?? 'unknown'} [${address}]${client.status === 'FORGED' ? ' (may be forged)' : ''}`;
    case '{daemon_name}':
      return daemonName;
    case '{daemon_addr}':
    case '{if_addr}':
      return withoutMapping(frontEnd?.destination ?? connection.localAddress ?? '127.0.0.1');
    case '{daemon_port}':
      return text(frontEnd?.destinationPort ?? connection.localPort);
    case '{client_addr}':
      return address;
    case '{client_name}':
      return client.verified ?? 'unknown';
    case '{client_ptr}':
      return client.verified ?? client.claimed ?? 'unknown';
    case '{client_resolve}':
      return client.status;
    case '{client_port}':
      return text(clientPort(facts));
    case '{client_connections}':
      return text(facts.client.connections);
    case '{tls_version}':
      return tls?.version;
    case '{cipher}':
      return tls?.cipher;
    case '{cipher_bits}':
      return tls === undefined ? undefined : cipherBits(tls.cipher);
    case '{cert_subject}':
      return commonName(tls?.certificateSubject);
    case '{cert_issuer}':
      return commonName(tls?.certificateIssuer);
    case '{auth_type}':
      // A front end that has told of a log-in does not tell how it was.
      return mechanism ?? (principal === undefined ? undefined : 'XCLIENT');
    case '{auth_authen}':
      return principal;
    case '{auth_ssf}':
      return principal === undefined ? undefined : '0';
    default:
      return undefined;
  }
}

function transactionMacro(name: string, transaction: TransactionFacts): string | undefined {
  const { reversePath, queueId, params, recipients } = transaction;
  switch (name) {
    case 'i':
      return queueId;
    case '{mail_addr}':
    case 'f':
      return reversePath;
    case '{mail_host}':
      return reversePath === '' ? undefined : domainOf(reversePath);
    case '{mail_mailer}':
      return reversePath === '' ? undefined : mailer;
    case '{auth_author}':
      return params.auth === undefined ? undefined : encodeXtext(params.auth);
    case '{nbrcpts}':
      return String(recipients.length);
    default:
      return undefined;
  }
}

function recipientMacro(name: string, recipient: RecipientFacts | RefusedRecipient): string | undefined {
  const refusal = 'refusal' in recipient ? recipient.refusal : undefined;
  switch (name) {
    case '{rcpt_addr}':
      return refusal === undefined ? recipient.address : refusal.text;
    case '{rcpt_host}':
      return refusal === undefined ? domainOf(recipient.address) : refusal.enhanced;
    case '{rcpt_mailer}':
      return refusal === undefined ? mailer : 'error';
    default:
      return undefined;
  }
}

function text(count: number | undefined): string | undefined {
  return count === undefined ? undefined : String(count);
}
