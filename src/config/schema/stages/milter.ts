// [[stage]] of kind "milter": a filter that speaks the protocol of Sendmail's and Postfix's milters.

import { z } from 'zod';

import { isMacroName } from '../../../values/milter-macros.ts';
import { formatServiceAddress, parseServiceAddress } from '../../../values/service-address.ts';
import { duration, expected, key, listOf, tableOf, textOf, wholeNumber, yesNo } from '../fields.ts';
import { markedMail, markField } from './marked.ts';
import { queueKey } from './queue-key.ts';
import { stageKind } from './stage-kind.ts';

function macroList() {
  const name = z.string({ error: expected('a text') });
  const macro = name.refine(isMacroName, 'is no macro, such as "i" or "{client_addr}"');
  return key(listOf(macro, 'names of macros').optional(), 'The macros that come with this command.', {
    defaultText: 'as Postfix does',
    example: '["i"]',
  });
}

const macros = tableOf({
  connect: macroList(),
  helo: macroList(),
  mail: macroList(),
  rcpt: macroList(),
  data: macroList(),
  eom: macroList(),
  eoh: macroList(),
});

export const milterStage = stageKind(
  'milter',
  'a milter, such as rspamd, OpenDKIM or clamav-milter. It is asked after the relay check, [[recipients]] and the verification of authors. docs/milters.md says more.',
  {
    ...queueKey,
    address: key(
      textOf('an address such as "inet:11332@127.0.0.1"', (text) =>
        formatServiceAddress(parseServiceAddress(text, 'a milter')),
      ),
      'Where the milter listens: "inet:PORT@HOST", "inet:HOST:PORT" or "unix:/PATH".',
      { example: '"unix:/run/opendkim/opendkim.sock"' },
    ),
    connect_timeout: key(
      duration(1000, 600_000).prefault('30s'),
      'How long the connection and the negotiation may take together, and how long a session waits in line for it.',
    ),
    content_timeout: key(
      duration(1000, 3_600_000).prefault('5m'),
      'In place of time_limit for each answer about the content of a message. A milter may ask for more time.',
    ),
    connections: key(
      wholeNumber(1, 100_000).default(1000),
      'The most connections to it, for each process of receivers. There is one for each session of a client that it is asked about.',
    ),
    waiting: key(
      wholeNumber(0, 100_000).default(500),
      'The most sessions that wait in line for a connection; for any further one it has failed.',
    ),
    protocol: key(
      wholeNumber(2, 6).default(6),
      'The version of the protocol that it is offered. Old milters refuse a newer one than theirs.',
    ),
    daemon_name: key(
      textOf('a name', (text) => text).optional(),
      'The macro {daemon_name}, by which milters tell listeners apart.',
      { defaultText: 'hostname', example: '"ORIGINATING"' },
    ),
    macros: key(
      macros.optional(),
      'Which macros it is told with which command, unless it asks for others itself.',
      {
        defaultText: 'as Postfix does',
        example: '{ connect = ["j", "_", "{client_addr}"] }',
      },
    ),
    reuse_connections: key(
      yesNo().default(false),
      'Keep a connection for the next session, which saves time for milters that know of that (QUIT_NC: those with libmilter of Sendmail 8.14 or later, and rspamd).',
    ),
    local_mail: key(
      yesNo().default(false),
      'Ask it about mail of programs of this host (sluice sendmail), too. It takes their client for 127.0.0.1.',
    ),
    client_names: key(
      yesNo().default(true),
      'Look up the name of a client before the milter is told of it. Without it, a client has only its address for a name.',
    ),
    spam_fields: key(
      listOf(textOf('a field such as "X-Spam: Yes"', markField), 'fields such as "X-Spam: Yes"').prefault([
        'X-Spam: Yes',
        'X-Spam-Flag: YES',
        'X-Spam-Status: Yes',
      ]),
      'Fields by which it marks spam: the milter adds or changes one of this name whose value begins so. What came with the message does not count.',
    ),
    on_spam: markedMail('continue', 'that the milter marks as spam'),
    virus_fields: key(
      listOf(textOf('a field such as "X-Spam: Yes"', markField), 'fields such as "X-Virus: Yes"').prefault([
        'X-Virus-Status: Infected',
      ]),
      'Fields by which it marks viruses.',
    ),
    on_virus: markedMail('continue', 'that the milter marks for a virus'),
  },
);
