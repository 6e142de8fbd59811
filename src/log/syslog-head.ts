// What stands before a line in a message of syslog (RFC 5424 6.2), so that every server knows when, where and how severe.

import type { LineHead } from './logger.ts';
import { severityOf } from './priority.ts';

export interface SyslogSender {
  /** The number of the facility. */
  readonly facility: number;
  readonly hostname: string;
  readonly processId: number;
}

/** `<22>1 2026-11-29T17:10:00.000Z mail.example.com sluice 4711 delivered - `; the line follows as the MSG. */
export function syslogHead({ facility, hostname, processId }: SyslogSender): LineHead {
  // HOSTNAME: at most 255 printable ASCII characters (RFC 5424 6); a name of this host is one already.
  const who = `${hostname === '' ? '-' : hostname} sluice ${processId}`;
  return (level, kind, words) => {
    // MSGID: the type of message; events have names that never change.
    const type = kind === 'event' ? words : '-';
    return `<${facility * 8 + severityOf[level]}>1 ${new Date().toISOString()} ${who} ${type} - `;
  };
}
