// [[stage]] of kind "clamd": the scanner for viruses of ClamAV.

import { key, oneOf, size } from '../fields.ts';
import { markedMail } from './marked.ts';
import { scannerAddress, scannerLine } from './scanner.ts';
import { stageKind } from './stage-kind.ts';

export const clamdStage = stageKind(
  'clamd',
  'clamd, the scanner for viruses of ClamAV, without clamav-milter. It is asked at the end of a message, in the order of the file among milters and plugins. docs/virus-scanning.md says more.',
  {
    address: scannerAddress('clamd', '"unix:/run/clamav/clamd.ctl"'),
    ...scannerLine(10),
    max_size: key(
      size(1024).prefault('25MiB'),
      'The largest message that it is given. Set it to StreamMaxLength in clamd.conf, beyond which clamd takes nothing.',
    ),
    on_too_large: key(
      oneOf(['tempfail', 'continue', 'quarantine', 'reject']).optional(),
      'What becomes of a larger message: its client is asked to try again later (451); it goes on; it is held in quarantine; it is refused (550).',
      { defaultText: 'as on_failure ("disconnect" counts as "tempfail")', example: '"continue"' },
    ),
    on_virus: markedMail('reject', 'in which a virus was found'),
  },
);
