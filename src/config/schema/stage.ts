// [[stage]]: programs of other makers that decide about mail that comes in.

import { z } from 'zod';

import { formatListenAddress, parseListenAddress } from '../../values/listen-address.ts';
import { duration, expected, key, listOf, oneOf, tableOf, textOf, wholeNumber, yesNo } from './fields.ts';
import { tableName } from './texts.ts';

/** The stages of Sluice itself: a name is for the log and for troubles, where two must not be mixed up. */
const ownStages: ReadonlySet<string> = new Set([
  'client-rules',
  'sender-rights',
  'author-rights',
  'tenant',
  'relay',
  'recipients',
  'forged-results',
  'verification',
]);

function listenName(text: string): string {
  return formatListenAddress(parseListenAddress(text));
}

function path() {
  return z.string({ error: expected('the name of a file or folder') }).min(1, 'must not be empty');
}

const stage = tableOf({
  name: key(
    textOf('a name such as "plugins"', tableName),
    'The name of the stage, for the log and for messages: letters, digits, ".", "_" and "-".',
    { example: '"plugins"' },
  ),
  kind: key(
    oneOf(['qmail-spp']),
    'What decides. "qmail-spp": plugins of qmail-spp, which are programs that are run at a command of a client. They are asked before the relay check and [[recipients]], as qmail-smtpd does. docs/qmail-spp.md says more.',
    { example: '"qmail-spp"' },
  ),
  listen: key(
    listOf(textOf('a listener such as "192.0.2.1:25"', listenName), 'addresses of [[listen]]')
      .min(1, 'must name one listener at least')
      .optional(),
    'The listeners on which it is asked, by their address.',
    { defaultText: 'all', example: '["192.0.2.1:25"]' },
  ),
  audience: key(
    oneOf(['everybody', 'users', 'strangers']).default('everybody'),
    'Whose mail it is asked about. "users": clients that have logged in. "strangers": those that have not, and may not relay.',
  ),
  time_limit: key(
    duration(1000, 600_000).prefault('30s'),
    'How long it may take for one command of a client, with the wait for others. Beyond that it has failed.',
  ),
  on_failure: key(
    oneOf(['tempfail', 'continue', 'quarantine', 'disconnect']).default('tempfail'),
    'What happens when it fails: the client is asked to try again later (451); the mail goes on as if it had not been asked; the message is held; the client is disconnected with 421.',
  ),
  rest_after: key(
    wholeNumber(0, 1_000_000).default(10),
    'After so many failures in a row it is left alone for a while, and counts as failing at once; 0 for never. Without that, each client would wait for time_limit.',
  ),
  rest_for: key(
    duration(1000, 3_600_000).prefault('30s'),
    'How long it is left alone. Then the next question tries it.',
  ),
  plugins: key(
    path(),
    'The file that says which plugins are run when, in the format of control/smtpplugins. It is read again when it changes.',
    { example: '"/var/qmail/control/smtpplugins"' },
  ),
  home: key(path().optional(), 'The folder in which plugins are run, and where their paths begin.', {
    defaultText: 'the folder above that of plugins',
    example: '"/var/qmail"',
  }),
  programs: key(
    wholeNumber(1, 1000).default(20),
    'The most programs that run at the same time, for each process of receivers. Other sessions wait in line.',
  ),
  waiting: key(
    wholeNumber(0, 100_000).default(500),
    'The most sessions that wait in line; for any further one it has failed.',
  ),
  client_names: key(
    yesNo().default(true),
    'Look up the name of a client for TCPREMOTEHOST before its first plugin is run. Without it, plugins start sooner.',
  ),
  environment: key(
    z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no name of a variable'),
        z.string({ error: expected('a text') }),
        { error: expected('variables such as { PATH = "/usr/local/bin:/usr/bin:/bin" }') },
      )
      .optional(),
    'Variables for its programs. Of the environment of Sluice they get PATH, HOME, LANG and TZ alone.',
    { defaultText: 'none', example: '{ VPOPMAIL = "/home/vpopmail" }' },
  ),
});

/** In the order of the file, which is that in which they are asked. */
export const configuredStages = listOf(stage, 'tables: [[stage]]').superRefine((all, context) => {
  const seen = new Map<string, number>();
  for (const [index, { name }] of all.entries()) {
    const earlier = seen.get(name);
    const message =
      earlier !== undefined
        ? `this name is already that of stage[${earlier + 1}]`
        : ownStages.has(name)
          ? 'is the name of a stage of Sluice itself; choose another one'
          : undefined;
    if (message !== undefined) context.addIssue({ code: 'custom', message, path: [index, 'name'] });
    seen.set(name, index);
  }
});
