// [[stage]] of kind "rspamd": rspamd by HTTP.

import { z } from 'zod';

import { expected, key, listOf, textOf, yesNo } from '../fields.ts';
import { ValueError } from '../../../values/value-error.ts';
import { markedMail } from './marked.ts';
import { scannerAddress, scannerLine, scannerSize } from './scanner.ts';
import { queueKey } from './queue-key.ts';
import { stageKind } from './stage-kind.ts';

/** It goes into a field of HTTP, in a list with commas. */
function word(text: string): string {
  if (!/^[\w.:-]{1,100}$/u.test(text)) throw new ValueError(`${JSON.stringify(text)} is no such name`);
  return text;
}

export const rspamdStage = stageKind(
  'rspamd',
  'rspamd, by HTTP, without its milter. It is asked at the end of a message, in the order of the file among milters and plugins. docs/rspamd.md says more.',
  {
    ...queueKey,
    address: scannerAddress('a worker of rspamd that scans (worker-normal, worker-proxy)', {
      port: 11333,
      example: '"inet:11333@127.0.0.1"',
    }),
    ...scannerLine(20),
    ...scannerSize('50MiB', 'Set it to max_message in options.inc of rspamd, beyond which it takes nothing.'),
    settings_id: key(
      textOf('a name such as "outbound"', word).optional(),
      'The settings of rspamd by which it looks at this mail (Settings-ID), such as those of a tenant.',
      { defaultText: 'none', example: '"outbound"' },
    ),
    password_file: key(
      z
        .string({ error: expected('the name of a file') })
        .min(1, 'must not be empty')
        .optional(),
      'A file with the password of rspamd on one line, for a worker that wants one. It is read again when it changes.',
      { defaultText: 'none', example: '"/etc/sluice/rspamd.password"' },
    ),
    pass_all: key(
      yesNo().default(false),
      'Let rspamd look at all its rules, even when the score for a refusal is reached already.',
    ),
    flags: key(
      listOf(textOf('a flag such as "no_log"', word), 'flags such as "no_log"').default([]),
      'Flags of the protocol of rspamd (Flags).',
    ),
    client_names: key(
      yesNo().default(true),
      'Look up the name of a client before rspamd is asked. Without it, rspamd knows only its address.',
    ),
    on_spam: markedMail(
      'continue',
      'that rspamd marks (add header, rewrite subject); what rspamd wants is done, too',
    ),
    on_reject: markedMail('reject', 'that rspamd refuses (reject)'),
  },
);
