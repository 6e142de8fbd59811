// [[stage]] of kind "clamd": the scanner for viruses of ClamAV.

import { markedMail } from './marked.ts';
import { scannerAddress, scannerLine, scannerSize } from './scanner.ts';
import { queueKey } from './queue-key.ts';
import { stageKind } from './stage-kind.ts';

export const clamdStage = stageKind(
  'clamd',
  'clamd, the scanner for viruses of ClamAV, without clamav-milter. It is asked at the end of a message, in the order of the file among milters and plugins. docs/virus-scanning.md says more.',
  {
    ...queueKey,
    address: scannerAddress('clamd', { port: 3310, example: '"unix:/run/clamav/clamd.ctl"' }),
    ...scannerLine(10),
    ...scannerSize('25MiB', 'Set it to StreamMaxLength in clamd.conf, beyond which clamd takes nothing.'),
    on_virus: markedMail('reject', 'in which a virus was found'),
  },
);
