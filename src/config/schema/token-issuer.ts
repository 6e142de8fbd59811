// [[token_issuer]]: whose tokens users may log in with (OAUTHBEARER, XOAUTH2), and how a token is checked.

import { z } from 'zod';

import { ValueError } from '../../values/value-error.ts';
import { duration, expected, key, listOf, oneOf, tableOf, textOf } from './fields.ts';
import { recipientDomains } from './lists.ts';
import { tableName } from './texts.ts';

/**
 * Signatures that are made with a private key (RFC 7518 3.1, RFC 8037, RFC 9864). Those with a shared secret are not among them: whoever could check
 * a token could make one.
 */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
const usualAlgorithms: readonly (typeof algorithms)[number][] = algorithms;

/** A password in it would be shown by `sluice config show`. */
function webAddress(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new ValueError(`"${text}" is no address of the web; write one such as "https://id.example.com/"`);
  if (url.username !== '' || url.password !== '')
    throw new ValueError('must be without a user name and a password');
  if (url.hash !== '') throw new ValueError('must be without a part that begins with "#"');
  return text;
}

function address(description: string, example: string) {
  return key(textOf(`an address such as ${example}`, webAddress).optional(), description, { example });
}

function file(description: string, example: string) {
  const path = z.string({ error: expected('the name of a file') }).min(1, 'must not be empty');
  return key(path.optional(), description, { example });
}

function word(form: string) {
  return z.string({ error: expected(form) }).min(1, 'must not be empty');
}

const issuer = tableOf({
  name: key(
    textOf('a name such as "company"', tableName),
    'The name of the issuer, for the log and for messages: letters, digits, ".", "_" and "-".',
    { example: '"company"' },
  ),
  issuer: key(
    textOf('an address such as "https://id.example.com/realms/staff"', webAddress),
    'The address of the issuer, as it is in its tokens ("iss"), letter for letter.',
    { example: '"https://id.example.com/realms/staff"' },
  ),
  jwks_url: address(
    'Where the keys of the issuer are (a JSON Web Key Set, RFC 7517). Left out, and without jwks_file and introspection_url, the address is asked for at issuer + "/.well-known/openid-configuration" (OpenID Connect Discovery).',
    '"https://id.example.com/realms/staff/protocol/openid-connect/certs"',
  ),
  jwks_file: file(
    'A file with the keys of the issuer, instead of an address. It is read again when it changes. A relative path starts at the folder of the configuration file.',
    '"/etc/sluice/issuer-keys.json"',
  ),
  introspection_url: address(
    'The issuer is asked about each token here (RFC 7662), for tokens that are no signed JWT.',
    '"https://id.example.com/realms/staff/protocol/openid-connect/token/introspect"',
  ),
  audience: key(
    listOf(word('an audience such as "mail"'), 'audiences such as ["mail"]')
      .min(1, 'must name one audience at least')
      .optional(),
    'A token must be meant for one of these ("aud"). Without it, a token that the issuer has made for any other service could be used to send mail here.',
    { defaultText: 'none: needed unless there is introspection_url', example: '["mail"]' },
  ),
  claim: key(
    word('the name of a claim such as "email"').default('email'),
    'The claim of the token that has the address of the user, or the name, to which default_domain of [login] is added. A token with "email_verified": false names nobody by "email".',
  ),
  scopes: key(
    listOf(word('a scope such as "mail.send"'), 'scopes such as ["mail.send"]').prefault([]),
    'A token must have all of these scopes.',
    { example: '["mail.send"]' },
  ),
  domain: key(
    recipientDomains().optional(),
    'Tokens of this issuer are taken for users of these domains only.',
    { defaultText: 'all', example: '["example.com"]' },
  ),
  algorithms: key(
    listOf(oneOf(algorithms), 'algorithms such as ["RS256"]')
      .min(1, 'must name one algorithm at least')
      .prefault([...usualAlgorithms]),
    'The algorithms with which tokens may be signed (RFC 7518 3.1).',
  ),
  leeway: key(
    duration(0, 300_000).prefault('30s'),
    'How far the clocks of the issuer and of this host may be apart.',
  ),
  client_id: key(
    word('the id of a client such as "sluice"').optional(),
    'For introspection_url: as whom Sluice asks.',
    { example: '"sluice"' },
  ),
  client_secret_file: file(
    'For introspection_url: a file with the secret of client_id, which the keys process reads.',
    '"/etc/sluice/introspection.secret"',
  ),
  client_secret_env: key(
    word('the name of a variable such as "SLUICE_CLIENT_SECRET"').optional(),
    'For introspection_url: the environment variable with this secret, in place of a file.',
    { example: '"SLUICE_CLIENT_SECRET"' },
  ),
  ca: file(
    'A file in PEM form with the authorities that the certificate of the issuer is checked by.',
    '"/etc/sluice/issuer-ca.pem"',
  ),
  timeout: key(
    duration(10, 30_000).prefault('5s'),
    'The time for one question to the issuer. After it, log-ins that depend on the answer get temporary errors.',
  ),
  refresh: key(
    duration(1_000, 86_400_000).prefault('1h'),
    'The keys of the issuer are fetched again after this time, and when a token names one that is not known, every ten seconds at most. While the issuer is away, known keys count for a day.',
  ),
  cache_time: key(
    duration(0, 3_600_000).prefault('1m'),
    'For introspection_url: what the issuer has said about a valid token is kept for this time, and never longer than the token is valid.',
  ),
});

const keysOfIntrospection = ['client_id', 'client_secret_file', 'client_secret_env'] as const;

/** All issuers. No two have the same name, and no two the same address. */
export const tokenIssuers = listOf(issuer, 'tables: [[token_issuer]]').superRefine((all, context) => {
  const add = (index: number, name: string | undefined, message: string): void =>
    context.addIssue({ code: 'custom', message, path: name === undefined ? [index] : [index, name] });
  for (const [index, given] of all.entries()) {
    for (const name of ['name', 'issuer'] as const) {
      const earlier = all.findIndex((each) => each[name] === given[name]);
      if (earlier < index) add(index, name, `this ${name} is already in token_issuer[${earlier + 1}]`);
    }
    const ways = (['jwks_url', 'jwks_file', 'introspection_url'] as const).filter(
      (name) => given[name] !== undefined,
    );
    if (ways.length > 1) add(index, ways[1], `is instead of ${ways[0] ?? ''}: tokens are checked in one way`);
    const isAsked = given.introspection_url !== undefined;
    if (!isAsked && given.audience === undefined)
      add(index, undefined, 'needs audience: what tokens have to be meant for');
    for (const name of keysOfIntrospection)
      if (!isAsked && given[name] !== undefined) add(index, name, 'is only for an introspection_url');
    if (!isAsked) continue;
    const secrets = [given.client_secret_file, given.client_secret_env].filter((each) => each !== undefined);
    if (given.client_id === undefined) add(index, undefined, 'needs client_id, as whom Sluice asks');
    if (secrets.length !== 1)
      add(index, undefined, 'needs one of client_secret_file and client_secret_env, not both');
  }
});
