// The log of one process to a syslog server: over UDP or TCP by itself, to a Unix-domain socket through the pipe whose other end
// the program logger(1) reads (syslog-program.ts), because Node has no Unix-domain datagram sockets.

import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { createLogger, type Logger, type LoggerOptions } from '../../log/logger.ts';
import { LogTrouble } from '../../log/log-trouble.ts';
import { priorityHead } from '../../log/priority.ts';
import { SyslogDatagrams } from '../../log/syslog-datagrams.ts';
import { syslogHead } from '../../log/syslog-head.ts';
import { SyslogStream } from '../../log/syslog-stream.ts';
import { facilityNumber } from '../../values/syslog-facility.ts';
import { formatSyslogPlace } from '../../values/syslog-place.ts';

/** Bytes. Servers have to take 2,048 over UDP (RFC 5426 3.2), and take 8,192 by default; POSIX keeps 4,096 to a pipe unmixed. */
const longestLine = 4_000;

const key = 'log:syslog';

/** The pipe that logger(1) reads. */
export function syslogPipe(spool: string): string {
  return join(spool, 'syslog.pipe');
}

/** @param common - what the logs of this process have in common */
export function syslogLogger(
  config: Pick<Config, 'log' | 'hostname' | 'spool'>,
  common: LoggerOptions,
): Logger | undefined {
  const { syslog, syslogFacility, syslogLevel: least } = config.log;
  if (syslog === undefined) return undefined;
  const facility = facilityNumber(syslogFacility);
  const options = { ...common, least, longestLine };
  if (syslog.kind === 'unix')
    return createLogger({
      ...options,
      head: priorityHead(facility),
      destination: syslogPipe(config.spool),
      troubleKey: key,
    });
  const trouble = new LogTrouble(
    formatSyslogPlace(syslog),
    common.troubles,
    key,
    'Start the syslog server, or correct syslog in [log].',
  );
  const Sink = syslog.kind === 'udp' ? SyslogDatagrams : SyslogStream;
  return createLogger({
    ...options,
    head: syslogHead({ facility, hostname: config.hostname, processId: process.pid }),
    destination: (droppedLine) => new Sink(syslog, droppedLine, trouble),
  });
}
