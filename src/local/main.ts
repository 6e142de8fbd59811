// The program that delivers as a user of the system. Whoever starts it has become the user already: it runs with the rights of the user alone, reads
// the message on its standard input and the job in its environment, and prints one line with what has become of the mail.
// It is started for each message, so it loads no more than it needs.

import { jobVariable, reportMark, type SystemJob, type SystemReport } from '../deliver/system/job.ts';
import { closeInherited } from '../io/close-inherited.ts';
import { fault } from '../instructions/types.ts';
import { deliverJob } from './deliver-job.ts';

process.umask(0o077);
closeInherited();
const stop = new AbortController();
// Programs have process groups of their own, and end with this one.
process.on('SIGTERM', () => stop.abort());
const uid = process.getuid?.() ?? 0;
const job = JSON.parse(process.env[jobVariable] ?? '') as SystemJob;
// Whoever waits for this one knows that it has started.
process.stdout.write('\n');
const report: SystemReport =
  uid === 0 ? fault('4.3.5', 'mail is never delivered as root') : await deliverJob(job, uid, stop.signal);
process.stdout.write(`${reportMark}${JSON.stringify(report)}\n`);
