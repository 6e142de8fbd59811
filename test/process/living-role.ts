// A process with the sign of life of a role's process: `living-role.ts SPOOL TITLE`.

import { showLife } from '../../src/process/running/life-sign.ts';
import { keptLog } from './quiet-log.ts';

const [, , spool = '', title = ''] = process.argv;
process.title = title;
process.on('disconnect', () => process.exit(0));
await showLife(spool, 'sender', keptLog());
process.send?.('alive');
