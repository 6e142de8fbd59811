// The header of POST /checkv2 of rspamd: what it is told about the client and the envelope of a message.

/** What it is told. What is not known is undefined. */
export interface RspamdEnvelope {
  readonly ip: string;
  readonly helo: string;
  /** The verified name of the client. */
  readonly hostname: string | undefined;
  readonly queueId: string;
  /** Empty for the null sender. */
  readonly reversePath: string;
  readonly recipients: readonly string[];
  /** Who has logged in. */
  readonly user: string | undefined;
  readonly tls: { readonly version: string; readonly cipher: string } | undefined;
  /** Empty for none. */
  readonly tenant: string;
}

export interface RspamdSettings {
  readonly mtaName: string;
  readonly settingsId: string | undefined;
  readonly password: string | undefined;
  readonly flags: readonly string[];
  /** All rules are looked at, even when the score is reached. */
  readonly passAll: boolean;
}

/** rspamd takes 80 KiB of header at most. Beyond this, further recipients are not told. */
const mostRecipientBytes = 48 * 1024;

type Headers = Record<string, string | readonly string[]>;

export function rspamdHeaders(envelope: RspamdEnvelope, settings: RspamdSettings): Headers {
  const { ip, helo, hostname, queueId, reversePath, recipients, user, tls, tenant } = envelope;
  const [first] = recipients;
  const given: Record<string, string | undefined> = {
    IP: ip,
    Helo: helo === '' ? undefined : helo,
    Hostname: hostname,
    'Queue-Id': queueId,
    From: `<${reversePath}>`,
    // For rules and statistics of a user: where there is one alone.
    'Deliver-To': recipients.length === 1 ? first : undefined,
    User: user,
    'TLS-Version': tls?.version,
    'TLS-Cipher': tls?.cipher,
    'MTA-Name': settings.mtaName,
    'MTA-Tag': tenant === '' ? undefined : tenant,
    'Settings-ID': settings.settingsId,
    Password: settings.password,
    // A body that it has rewritten comes with its answer, and without its header, as for a milter.
    Flags: [...new Set([...settings.flags, 'body_block'])].join(','),
    Pass: settings.passAll ? 'all' : undefined,
    // As from a milter: the message is without the Received field of this server, which rspamd makes itself.
    Milter: 'Yes',
  };
  const headers: Headers = { Rcpt: boundedRecipients(recipients) };
  for (const [name, value] of Object.entries(given))
    if (value !== undefined) headers[name] = headerText(value);
  return headers;
}

function boundedRecipients(recipients: readonly string[]): readonly string[] {
  const told: string[] = [];
  let bytes = 0;
  for (const recipient of recipients) {
    const text = headerText(`<${recipient}>`);
    bytes += text.length + 'Rcpt: \r\n'.length;
    if (bytes > mostRecipientBytes) break;
    told.push(text);
  }
  return told;
}

/** UTF-8 as bytes; nothing that ends a line. */
function headerText(value: string): string {
  return Buffer.from(value.slice(0, 1000))
    .toString('latin1')
    .replaceAll(/[\0-\x1f\x7f]/gu, '?');
}
