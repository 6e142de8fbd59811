// Where a syslog server takes messages: "local", "unix:/dev/log", "udp:127.0.0.1:514", "tcp:[::1]:601".

import { type Endpoint, parseRemoteHost } from './endpoint.ts';
import { ValueError } from './value-error.ts';
import { isIP } from './ip-version.ts';

export type SyslogPlace =
  /** A Unix-domain socket; undefined: that of the system. */
  | { readonly kind: 'unix'; readonly path: string | undefined }
  | ({ readonly kind: 'udp' | 'tcp' } & Endpoint);

/** RFC 5426 3.3, and 601 as IANA has assigned it to syslog over TCP. */
const defaultPort = { udp: 514, tcp: 601 } as const;

/** @throws {ValueError} when it is none */
export function parseSyslogPlace(text: string): SyslogPlace {
  if (text === 'local') return { kind: 'unix', path: undefined };
  const [, scheme, rest = ''] = /^(unix|udp|tcp):(.+)$/.exec(text) ?? [];
  if (scheme === 'unix' && rest.startsWith('/')) return { kind: 'unix', path: rest };
  if (scheme === 'udp' || scheme === 'tcp') {
    const endpoint = parseRemoteHost(rest, defaultPort[scheme]);
    // A name would have to be looked up at each start of each process, and the log is what tells of a DNS that fails.
    if (isIP(endpoint.host) !== 0) return { kind: scheme, ...endpoint };
  }
  throw new ValueError(
    `"${text}": write "local", a socket such as "unix:/dev/log", or an IP address such as "udp:127.0.0.1:514" or "tcp:127.0.0.1:601"`,
  );
}

/** As in the configuration. */
export function formatSyslogPlace(place: SyslogPlace): string {
  if (place.kind === 'unix') return place.path === undefined ? 'local' : `unix:${place.path}`;
  return `${place.kind}:${isIP(place.host) === 6 ? `[${place.host}]` : place.host}:${place.port}`;
}
