// [[credential]]: a log-in at other servers, which a [[route]] with relay refers to by name.

import { z } from 'zod';

import { duration, expected, key, listOf, oneOf, tableOf, textOf, yesNo } from './fields.ts';
import { senders } from './lists.ts';
import { credentialName } from './texts.ts';
import { file } from './tls.ts';
import { ValueError } from '../../values/value-error.ts';

const withPassword = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'] as const;
const withToken = ['OAUTHBEARER', 'XOAUTH2'] as const;

/** Where the secret is: exactly one of these keys. */
const passwordKeys = ['password_file', 'password_env'] as const;
const tokenKeys = ['token_file', 'token_command'] as const;
const secretKeys = [...passwordKeys, ...tokenKeys] as const;

/** RFC 4616 2: no NUL. RFC 7628 3.1: its fields end with ^A. */
function userName(text: string): string {
  if (text === '' || Buffer.byteLength(text) > 255) throw new ValueError('must have 1 to 255 bytes');
  if (/[\0-\x1f\x7f]/.test(text)) throw new ValueError('must have no control characters');
  return text;
}

function variable(text: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(text)) throw new ValueError('is no name of an environment variable');
  return text;
}

const credential = tableOf({
  name: key(
    textOf('a name such as "provider"', credentialName),
    'The name by which a [[route]] refers to it, and by which the log and "sluice status" name it: letters, digits, ".", "_" and "-".',
    { example: '"provider"' },
  ),
  user: key(textOf('a user name such as "me@example.com"', userName), 'The name to log in with.', {
    example: '"me@example.com"',
  }),
  password_file: key(
    file().optional(),
    'A file with the password, on one line. Only the supervisor reads it, so it may belong to root; it is read again within some seconds when it changes. A relative path starts at the folder of the configuration file.',
    { example: '"/etc/sluice/provider.password"' },
  ),
  password_env: key(
    textOf('the name of an environment variable such as "PROVIDER_PASSWORD"', variable).optional(),
    'Instead of password_file: the environment variable that has the password when Sluice starts. The processes that talk to the network do not have it in their environment.',
    { example: '"PROVIDER_PASSWORD"' },
  ),
  token_file: key(
    file().optional(),
    'Instead of a password: a file with an access token of OAuth 2.0, on one line, which another program renews. It is read like password_file.',
    { example: '"/run/sluice/provider.token"' },
  ),
  token_command: key(
    listOf(
      z.string({ error: expected('a text') }),
      'a program and its arguments such as ["/usr/local/bin/token"]',
    )
      .min(1, 'must name a program')
      .optional(),
    'Instead of a password: a program that prints an access token of OAuth 2.0 on one line, and its arguments. The sender processes run it as their user, without a shell, for 30 s at most. "sluice config show" shows the arguments: write no secret there.',
    { example: '["/usr/local/bin/provider-token"]' },
  ),
  token_time: key(
    duration(1_000).optional(),
    'For token_command: how long a token is used before the program runs again. One that the server refuses is not used any longer.',
    { defaultText: '5m', example: '"30m"' },
  ),
  mechanisms: key(
    listOf(oneOf([...withPassword, ...withToken]), 'mechanisms such as ["SCRAM-SHA-256", "PLAIN"]')
      .min(1, 'must name one mechanism at least')
      .optional(),
    'The mechanisms that are tried, in this order, as far as the server offers them. The next one is tried only when the server does not take the one before, never because of a wrong password.',
    {
      defaultText:
        'with a password "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"; with a token "OAUTHBEARER", "XOAUTH2"',
      example: '["SCRAM-SHA-256"]',
    },
  ),
  sender: key(
    senders().optional(),
    'Only for mail of these senders, where a route has several credentials: addresses, domains, or "<>" for bounces. The whole address comes before its domain.',
    { defaultText: 'any sender', example: '["news@example.com", "example.net"]' },
  ),
  without_tls: key(
    yesNo().default(false),
    'Whether PLAIN, LOGIN and tokens may go over a connection without TLS, where everybody on the way can read them. It needs a level of TLS that allows such a connection, too: tls = "none" in the route.',
  ),
}).superRefine((value, context) => {
  const given = secretKeys.filter((name) => value[name] !== undefined);
  const [first, second] = given;
  if (first === undefined) {
    const message = `does not say where the secret is: give one of ${secretKeys.join(', ')}`;
    context.addIssue({ code: 'custom', message });
  } else if (second !== undefined) {
    const message = `${given.join(' and ')} exclude each other: give only one of them`;
    context.addIssue({ code: 'custom', message, path: [second] });
  }
  if (value.token_command !== undefined && value.token_command[0]?.startsWith('/') !== true) {
    const message = 'must begin with the absolute path of a program';
    context.addIssue({ code: 'custom', message, path: ['token_command'] });
  }
  if (value.token_time !== undefined && value.token_command === undefined) {
    context.addIssue({ code: 'custom', message: 'is only for token_command', path: ['token_time'] });
  }
  const isToken = tokenKeys.some((name) => given.includes(name));
  const fitting: readonly string[] = isToken ? withToken : withPassword;
  for (const [at, mechanism] of (value.mechanisms ?? []).entries()) {
    if (first === undefined || fitting.includes(mechanism)) continue;
    const message = `${mechanism} takes a ${isToken ? 'password' : 'token'}, and this credential has ${first}`;
    context.addIssue({ code: 'custom', message, path: ['mechanisms', at] });
  }
});

/** No two have the same name. */
export const credentials = listOf(credential, 'tables: [[credential]]').superRefine((all, context) => {
  for (const [index, { name }] of all.entries()) {
    const earlier = all.findIndex((each) => each.name === name);
    if (earlier === index) continue;
    const message = `this name is already in credential[${earlier + 1}]`;
    context.addIssue({ code: 'custom', message, path: [index, 'name'] });
  }
});
