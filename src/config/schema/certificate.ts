// [[certificate]]: certificates of this server for TLS, and their keys, from files.

import { z } from 'zod';

import { parseDomainPattern } from '../../values/domain.ts';
import { expected, key, listOf, tableOf, textOf } from './fields.ts';

function pemFile() {
  return z.string({ error: expected('the name of a file') }).min(1, 'must not be empty');
}

const certificate = tableOf({
  chain: key(
    pemFile(),
    "A file in PEM form: the server's certificate first, then the one that issued it, and so on. A relative path starts at the folder of the configuration file. Certificate and key are read again within ten seconds when their files change.",
    { example: '"/etc/letsencrypt/live/mx.example.com/fullchain.pem"' },
  ),
  key: key(
    pemFile().optional(),
    'The file of the private key in PEM form, without a password. Only the supervisor reads it, so it may belong to root and be readable for nobody else.',
    { defaultText: 'the same as chain', example: '"/etc/letsencrypt/live/mx.example.com/privkey.pem"' },
  ),
  names: key(
    listOf(
      textOf('a name such as "mx.example.com" or "*.example.com"', parseDomainPattern),
      'names such as ["mx.example.com", "*.example.net"]',
    )
      .min(1, 'must hold one name at least, or be left out')
      .optional(),
    'The names that clients ask for to get this certificate (SNI). "*.example.com" stands for one label.',
    { defaultText: 'those of the certificate', example: '["mx.example.com"]' },
  ),
});

/** All certificates. No two have the same chain. */
export const certificates = listOf(certificate, 'tables: [[certificate]]').superRefine((all, context) => {
  for (const [index, { chain }] of all.entries()) {
    const earlier = all.findIndex((each) => each.chain === chain);
    if (earlier === index) continue;
    const message = `this file is already in certificate[${earlier + 1}]`;
    context.addIssue({ code: 'custom', message, path: [index, 'chain'] });
  }
});
