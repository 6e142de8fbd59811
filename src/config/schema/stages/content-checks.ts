// [[stage]] of kind "content-checks": header fields and body lines are looked up in tables, as Postfix does.

import { parseCheckFileName } from '../../../values/check-file-name.ts';
import { key, listOf, size, textOf } from '../fields.ts';
import { queueKey } from './queue-key.ts';
import { stageKind } from './stage-kind.ts';

function files() {
  return listOf(
    textOf('a table such as "pcre:/etc/sluice/header_checks"', parseCheckFileName),
    'tables such as ["pcre:/etc/sluice/header_checks"]',
  );
}

const example = { example: '["pcre:/etc/sluice/header_checks"]' };

export const contentChecksStage = stageKind(
  'content-checks',
  'tables of expressions for header fields and body lines, as header_checks and body_checks of Postfix. docs/content-checks.md says more.',
  {
    ...queueKey,
    header_checks: key(
      files().default([]),
      'Tables for the header fields of a message: "pcre:FILE", "regexp:FILE" or "texthash:FILE". They are read again when they change. A relative path starts at the folder of the configuration file.',
      example,
    ),
    mime_header_checks: key(
      files().optional(),
      'Tables for fields about MIME, in the header of the message and of its parts.',
      { defaultText: 'as header_checks', ...example },
    ),
    nested_header_checks: key(files().optional(), 'Tables for the header fields of attached messages.', {
      defaultText: 'as header_checks',
      ...example,
    }),
    body_checks: key(files().default([]), 'Tables for the lines of bodies.', {
      example: '["pcre:/etc/sluice/body_checks"]',
    }),
    header_size_limit: key(
      size(1024, 512 * 1024).prefault('100KiB'),
      'What goes beyond of a field is not looked at. The field is not cut.',
    ),
    body_checks_size_limit: key(
      size(0, 1024 ** 3).prefault('50KiB'),
      'So much of the text of each part is looked at.',
    ),
    body_checks_total_limit: key(
      size(1024, 1024 ** 3).prefault('1MiB'),
      'So much of a body is looked at, all its parts with their fields together: it bounds the time that a message takes.',
    ),
  },
  'unknown',
);
