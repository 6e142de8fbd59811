// Writes docs/rfcs.md: which RFCs the sources follow, by the `RFC nnnn x.y` references in their comments.
// Promises: the same sources give the same page; an RFC without a title in the table below is an error.

import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const titles: ReadonlyMap<number, string> = new Map([
  [1034, 'Domain names: concepts and facilities'],
  [1035, 'Domain names: implementation and specification'],
  [1047, 'Duplicate messages and SMTP'],
  [1112, 'Host extensions for IP multicasting'],
  [1460, 'Post Office Protocol, version 3, of before RFC 1939: LAST'],
  [1870, 'SMTP service extension for message size declaration (SIZE)'],
  [1918, 'Address allocation for private internets'],
  [1939, 'Post Office Protocol, version 3 (POP3)'],
  [1985, 'SMTP service extension for remote message queue starting (ETRN)'],
  [2033, 'Local Mail Transfer Protocol (LMTP)'],
  [2034, 'SMTP service extension for returning enhanced error codes (ENHANCEDSTATUSCODES)'],
  [2045, 'MIME part one: format of Internet message bodies'],
  [2046, 'MIME part two: media types'],
  [2047, 'MIME part three: message header extensions for non-ASCII text'],
  [2152, 'UTF-7, a mail-safe transformation of Unicode'],
  [2181, 'Clarifications to the DNS specification'],
  [2231, 'MIME parameter values: continuations, character sets and languages'],
  [2308, 'Negative caching of DNS queries'],
  [2449, 'POP3 extension mechanism (CAPA)'],
  [2595, 'Using TLS with IMAP, POP3 and ACAP (STLS)'],
  [2606, 'Reserved top level DNS names'],
  [2920, 'SMTP service extension for command pipelining (PIPELINING)'],
  [3030, 'SMTP service extensions for transmission of large and binary MIME messages (CHUNKING)'],
  [3206, 'The SYS and AUTH POP response codes'],
  [3207, 'SMTP service extension for secure SMTP over TLS (STARTTLS)'],
  [3225, 'Indicating resolver support of DNSSEC'],
  [3282, 'Content language headers'],
  [3454, 'Preparation of internationalized strings (stringprep)'],
  [3461, 'SMTP service extension for delivery status notifications (DSN)'],
  [3462, 'The multipart/report content type (replaced by RFC 6522)'],
  [3463, 'Enhanced mail system status codes'],
  [3464, 'An extensible message format for delivery status notifications'],
  [3501, 'IMAP4rev1: modified UTF-7 for names of mailboxes'],
  [3596, 'DNS extensions to support IPv6'],
  [3629, 'UTF-8, a transformation format of ISO 10646'],
  [3834, 'Recommendations for automatic responses to electronic mail'],
  [3848, 'ESMTP and LMTP transmission types registration'],
  [3986, 'Uniform Resource Identifier (URI): generic syntax'],
  [4007, 'IPv6 scoped address architecture'],
  [4013, 'SASLprep: stringprep profile for user names and passwords'],
  [4035, 'Protocol modifications for the DNS security extensions'],
  [4055, 'Algorithms and identifiers for RSA keys and signatures in X.509'],
  [4193, 'Unique local IPv6 unicast addresses'],
  [4291, 'IP version 6 addressing architecture'],
  [4343, 'DNS case insensitivity clarification'],
  [4422, 'Simple Authentication and Security Layer (SASL)'],
  [4616, 'The PLAIN SASL mechanism'],
  [4632, 'Classless inter-domain routing (CIDR)'],
  [4647, 'Matching of language tags'],
  [4648, 'The base16, base32 and base64 data encodings'],
  [4870, 'DomainKeys (historic)'],
  [4954, 'SMTP service extension for authentication (AUTH)'],
  [5034, 'POP3 SASL authentication mechanism (AUTH)'],
  [5056, 'On the use of channel bindings to secure channels'],
  [5077, 'Session resumption in TLS 1.2 by tickets'],
  [5234, 'Augmented BNF for syntax specifications: ABNF'],
  [5280, 'X.509 public key infrastructure: certificates'],
  [5321, 'Simple Mail Transfer Protocol'],
  [5322, 'Internet message format'],
  [5424, 'The syslog protocol'],
  [5426, 'Transmission of syslog messages over UDP'],
  [5452, 'Measures for making DNS more resilient against forged answers'],
  [5646, 'Tags for identifying languages'],
  [5681, 'TCP congestion control'],
  [5758, 'Algorithms and identifiers for DSA and ECDSA signatures in X.509'],
  [5782, 'DNS blacklists and whitelists'],
  [5782, 'DNS blacklists and whitelists'],
  [5801, 'Using GSS-API mechanisms in SASL: GS2'],
  [5802, 'Salted challenge response authentication mechanism (SCRAM)'],
  [5803, 'LDAP schema for storing SCRAM secrets'],
  [5890, 'Internationalized domain names for applications: definitions'],
  [5891, 'Internationalized domain names in applications: protocol'],
  [5929, 'Channel bindings for TLS'],
  [5952, 'A recommendation for IPv6 address text representation'],
  [6008, 'Authentication-Results registration for differentiating among cryptographic results'],
  [6066, 'TLS extensions: server name indication (SNI)'],
  [6068, 'The mailto URI scheme'],
  [6151, 'Updated security considerations for MD5'],
  [6152, 'SMTP service extension for 8-bit MIME transport (8BITMIME)'],
  [6177, 'IPv6 address assignment to end sites'],
  [6194, 'Security considerations for SHA-0 and SHA-1'],
  [6376, 'DomainKeys Identified Mail (DKIM) signatures'],
  [6409, 'Message submission for mail'],
  [6522, 'The multipart/report media type'],
  [6531, 'SMTP extension for internationalized email (SMTPUTF8)'],
  [6532, 'Internationalized email headers'],
  [6533, 'Internationalized delivery status and disposition notifications'],
  [6587, 'Transmission of syslog messages over TCP'],
  [6604, 'xNAME RCODE and status bits clarification'],
  [6647, 'Email greylisting: an applicability statement for SMTP'],
  [6698, 'The DNS-based authentication of named entities (DANE): the TLSA record'],
  [6710, 'SMTP extension for message transfer priorities (MT-PRIORITY)'],
  [6749, 'The OAuth 2.0 authorization framework'],
  [6750, 'The OAuth 2.0 authorization framework: bearer token usage'],
  [6758, 'Tunneling of SMTP message transfer priorities'],
  [6761, 'Special-use domain names'],
  [6840, 'Clarifications and implementation notes for DNSSEC'],
  [6856, 'POP3 support for UTF-8 (UTF8)'],
  [6891, 'Extension mechanisms for DNS (EDNS(0))'],
  [7093, 'More methods for key identifiers of X.509 certificates'],
  [7208, 'Sender Policy Framework (SPF)'],
  [7372, 'Email authentication status codes'],
  [7435, 'Opportunistic security: some protection most of the time'],
  [7468, 'Textual encodings of PKIX structures (PEM)'],
  [7504, 'SMTP 521 and 556 reply codes'],
  [7505, 'A "null MX" no service resource record for domains that accept no mail'],
  [7515, 'JSON Web Signature (JWS)'],
  [7517, 'JSON Web Key (JWK)'],
  [7518, 'JSON Web Algorithms (JWA)'],
  [7519, 'JSON Web Token (JWT)'],
  [7628, 'SASL mechanisms for OAuth'],
  [7628, 'SASL mechanisms for OAuth (OAUTHBEARER)'],
  [7661, 'Updating TCP to support rate-limited traffic'],
  [7662, 'OAuth 2.0 token introspection'],
  [7671, 'Updates to and operational guidance for DANE'],
  [7672, 'SMTP security via opportunistic DANE TLS'],
  [7677, 'SCRAM-SHA-256 and SCRAM-SHA-256-PLUS'],
  [7766, 'DNS transport over TCP: implementation requirements'],
  [7914, 'The scrypt password-based key derivation function'],
  [8017, 'PKCS #1: RSA cryptography'],
  [8018, 'PKCS #5: password-based cryptography (PBKDF2)'],
  [8020, 'NXDOMAIN: there really is nothing underneath'],
  [8037, 'Curve25519 and Curve448 keys and signatures in JOSE'],
  [8098, 'Message disposition notification'],
  [8301, 'Cryptographic algorithm and key usage update to DKIM'],
  [8314, 'Cleartext considered obsolete: use of TLS for email submission and access'],
  [8410, 'Algorithm identifiers for Ed25519, Ed448, X25519 and X448 in X.509'],
  [8446, 'TLS 1.3'],
  [8460, 'SMTP TLS reporting'],
  [8461, 'SMTP MTA strict transport security (MTA-STS)'],
  [8463, 'A new cryptographic signature method for DKIM: Ed25519'],
  [8601, 'Message header field for indicating message authentication status (Authentication-Results)'],
  [8616, 'Email authentication for internationalized mail'],
  [8617, 'The Authenticated Received Chain (ARC) protocol'],
  [8689, 'SMTP Require TLS option (REQUIRETLS)'],
  [8693, 'OAuth 2.0 token exchange'],
  [8725, 'JSON Web Token best current practices'],
  [8878, 'Zstandard compression and the application/zstd media type'],
  [8996, 'Deprecating TLS 1.0 and TLS 1.1'],
  [8996, 'TLS 1.0 and 1.1 are deprecated'],
  [9106, 'Argon2 memory-hard function for password hashing'],
  [9110, 'HTTP semantics'],
  [9266, 'Channel bindings for TLS 1.3'],
  [9325, 'Recommendations for secure use of TLS and DTLS'],
  [9520, 'Negative caching of DNS resolution failures'],
  [9525, 'Service identity in TLS'],
  [9715, 'IP fragmentation avoidance in DNS over UDP'],
  [9864, 'Fully specified algorithms for JOSE and COSE'],
  [9989, 'Domain-based Message Authentication, Reporting, and Conformance (DMARC)'],
  [9990, 'DMARC aggregate reporting'],
]);

const head = `# RFCs

<!-- Generated from the references in src by tools/generate-rfcs.ts; change the comments there instead. -->

Comments in the code name the RFC and section behind every decision about a protocol. This page lists, for each RFC, the
sections that are named and the files that name them. Sluice may follow a section that is not listed here, and a file may
name an RFC to say what is left out on purpose.
`;

/** The name under which references without a section are listed. */
const asAWhole = 'as a whole';

/** RFC number → section → files. */
type References = Map<number, Map<string, Set<string>>>;

/** The page. @param root - the checkout @throws {Error} when an RFC has no title in the table */
export function renderRfcs(root: string): string {
  const references: References = new Map();
  for (const file of globSync('src/**/*.ts', { cwd: root }).sort()) {
    for (const { rfc, section } of referencesIn(readFileSync(join(root, file), 'utf8'))) {
      const sections = getOrAdd(references, rfc, () => new Map<string, Set<string>>());
      getOrAdd(sections, section, () => new Set<string>()).add(file);
    }
  }
  const rfcs = [...references].sort(([a], [b]) => a - b).map(([rfc, sections]) => chapter(rfc, sections));
  return `${head}\n${rfcs.join('\n')}`;
}

/** All references of one source file, in order. Exported so that it can be tested. */
export function referencesIn(source: string): { rfc: number; section: string }[] {
  // A reference may go on in the next line of its comment.
  const text = source.replaceAll(/\n\s*(?:\/\/|\*(?!\/)) ?/g, ' ');
  const found: { rfc: number; section: string }[] = [];
  for (const [, first = '', rest = ''] of text.matchAll(reference)) {
    let rfc = Number(first);
    let bare = true;
    for (const [item] of rest.matchAll(listItem)) {
      if (/^\d{4}$/.test(item)) {
        if (bare) found.push({ rfc, section: asAWhole });
        rfc = Number(item);
        bare = true;
      } else {
        found.push({ rfc, section: item });
        bare = false;
      }
    }
    if (bare) found.push({ rfc, section: asAWhole });
  }
  return found;
}

// A section: `4.5.3`, `X.4.6`, `appendix C`; the first after the number may be a whole chapter: `RFC 1870 6`.
const dotted = String.raw`(?:\d{1,2}|X)(?:\.\d{1,2})+`;
const appendix = String.raw`appendix [A-Z]\b`;
const nextRfc = String.raw`[1-9]\d{3}(?![\d.])`;
const item = `(?:${nextRfc}|${dotted}|${appendix})`;
const reference = new RegExp(
  String.raw`\bRFC (\d{3,5})\b((?: (?:${dotted}|${appendix}|\d{1,2}(?![\d.]*[-\w%]|\.\d)))?(?:(?:, | and )${item})*)`,
  'g',
);
const listItem = new RegExp(String.raw`${dotted}|${appendix}|[1-9]\d{3}|\d{1,2}`, 'g');

function chapter(rfc: number, sections: ReadonlyMap<string, ReadonlySet<string>>): string {
  const title = titles.get(rfc);
  if (title === undefined) {
    throw new Error(
      `Writing docs/rfcs.md: RFC ${rfc} has no title. Add it to the table in tools/generate-rfcs.ts.`,
    );
  }
  const rows = [...sections]
    .sort(([a], [b]) => compareSections(a, b))
    .map(([section, files]) => `| ${section} | ${[...files].map(link).join(', ')} |\n`);
  return `## [RFC ${rfc}](https://www.rfc-editor.org/rfc/rfc${rfc}): ${title}\n\n| section | named in |\n|---|---|\n${rows.join('')}`;
}

function link(file: string): string {
  return `[${file.slice('src/'.length, -'.ts'.length)}](../${file})`;
}

/** The RFC as a whole, then by number, then appendices. */
function compareSections(a: string, b: string): number {
  const rank = (section: string) => (section === asAWhole ? 0 : /^[\dX]/.test(section) ? 1 : 2);
  return rank(a) - rank(b) || a.localeCompare(b, 'en', { numeric: true });
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  writeFileSync(join(root, 'docs/rfcs.md'), renderRfcs(root));
}
