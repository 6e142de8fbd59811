// [[tls]]: which TLS connections to other hosts must have, by recipient domain and by host, and what the handshake needs.

import { z } from 'zod';

import { parseFingerprint } from '../../values/fingerprint.ts';
import { expected, key, listOf, oneOf, tableOf, textOf, yesNo } from './fields.ts';
import { mxHosts, recipientDomains } from './lists.ts';
import { cipherList, hostName } from './texts.ts';

/** Levels that need no more than a word. */
export const plainLevels = ['none', 'opportunistic', 'required', 'verified'] as const;
const levels = [...plainLevels, 'fingerprint', 'dane'] as const;

export const levelMeaning =
  '"none": never TLS. "opportunistic": TLS where the host offers it, with any certificate, and without it otherwise. "required": TLS with any certificate. "verified": the certificate is for the host and from an authority that this host trusts.';

/** A file that a configuration names. */
export function file() {
  return z.string({ error: expected('the name of a file') }).min(1, 'must not be empty');
}

function names() {
  return listOf(
    textOf('a host name such as "mx.example.com"', hostName),
    'host names such as ["mx.example.com"]',
  ).min(1, 'must name one host at least');
}

const tls = tableOf({
  domain: key(
    recipientDomains().optional(),
    'Only for mail to these recipient domains, where it goes to their MX; "*.example.com" means every domain under it.',
    { example: '["example.com", "*.example.net"]' },
  ),
  mx: key(
    mxHosts().optional(),
    'Only for connections to these MX hosts, or hosts of relay or lmtp in a [[route]]; "*.example.com" means every host under it. With domain as well, both must match.',
    { example: '["*.mail.protection.outlook.com"]' },
  ),
  level: key(
    oneOf(levels).optional(),
    `What the connection must have. ${levelMeaning} "fingerprint": the certificate or its key has one of fingerprints. "dane": the host has TLSA records, and its certificate matches.`,
    {
      defaultText: 'fingerprint or verified where there are fingerprints or names, else tls in [deliver]',
      example: '"required"',
    },
  ),
  fingerprints: key(
    listOf(
      textOf('a fingerprint such as "sha256:3f0a..."', parseFingerprint),
      'fingerprints such as ["sha256:3f0a..."]',
    )
      .min(1, 'must have one fingerprint at least')
      .optional(),
    'For the level fingerprint: SHA-256 of the certificate or of its public key, in hex, with or without colons. One of them must match.',
    {
      example: '["sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"]',
    },
  ),
  names: key(
    names().optional(),
    'For the level verified: the certificate must be for one of these names instead of the name of the host. An MX record without DNSSEC can be forged, and so can the name of the host; these names cannot.',
    { defaultText: 'the name of the host', example: '["mx.example.com"]' },
  ),
  server_name: key(
    textOf('a host name such as "mx.example.com"', hostName).optional(),
    'The name that is sent in the TLS handshake (SNI), by which a host chooses its certificate.',
    { defaultText: 'the name of the host', example: '"mx.example.com"' },
  ),
  ca: key(
    file().optional(),
    'A file with the certificates of the authorities to trust here, in PEM. It is read again on reload.',
    { defaultText: 'the authorities of the system', example: '"/etc/sluice/partner-ca.pem"' },
  ),
  certificate: key(
    file().optional(),
    'A file in PEM with the certificate that this host shows to servers which ask for one, and then the one that issued it, and so on. It is read again within ten seconds when it changes.',
    { example: '"/etc/sluice/client.pem"' },
  ),
  key: key(
    file().optional(),
    'The file of its private key, without a password. Only the supervisor reads it, so it may belong to root.',
    { defaultText: 'the same as certificate', example: '"/etc/sluice/client.key"' },
  ),
  ciphers: key(
    textOf('a list of ciphers such as "TLS_AES_256_GCM_SHA384:ECDHE+AESGCM"', cipherList).optional(),
    'The ciphers that are offered, as OpenSSL lists them.',
    { defaultText: 'chosen for the level', example: '"TLS_AES_256_GCM_SHA384:ECDHE+AESGCM"' },
  ),
  min_version: key(
    oneOf(['1.0', '1.1', '1.2', '1.3']).optional(),
    'The oldest version of TLS that is used. "1.0" and "1.1" count at level opportunistic alone; where more is demanded, by this file or by what a domain publishes, it is 1.2.',
    { defaultText: '1.2, and 1.0 for the level opportunistic', example: '"1.2"' },
  ),
  mta_sts: key(yesNo().optional(), 'Whether what the domain publishes by MTA-STS counts here.', {
    defaultText: 'true',
    example: 'false',
  }),
  dane: key(yesNo().optional(), 'Whether the TLSA records of the host count here.', {
    defaultText: 'true',
    example: 'false',
  }),
}).superRefine((value, context) => {
  const refuse = (name: string | undefined, message: string): void =>
    context.addIssue({ code: 'custom', message, path: name === undefined ? [] : [name] });
  const { fingerprints, level } = value;
  if (value.key !== undefined && value.certificate === undefined) {
    refuse('key', 'is the key of a certificate: give certificate as well');
  }
  if (level === 'fingerprint' && fingerprints === undefined) {
    refuse('level', '"fingerprint" needs fingerprints: give fingerprints = ["sha256:..."] as well');
  }
  if (fingerprints !== undefined && level !== undefined && level !== 'fingerprint') {
    refuse('fingerprints', `is only for level = "fingerprint", and this table has level = "${level}"`);
  }
  if (value.names !== undefined && level !== undefined && level !== 'verified') {
    refuse('names', `is only for level = "verified", and this table has level = "${level}"`);
  }
  if (level === 'dane' && value.dane === false)
    refuse('dane', 'must not be false together with level = "dane"');
});

/** All tables. The first that matches counts, alone. */
export const tlsRules = listOf(tls, 'tables: [[tls]]');
