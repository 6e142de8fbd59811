// The question whether a name server lives: it is asked for the name servers of the root, which a recursive server knows by
// heart. An answer of any kind will do, also an error.

import { randomInt } from 'node:crypto';
import * as dnsPacket from 'dns-packet';
import { sendUdp, type Transport } from './transport.ts';
import type { NameServer } from './types.ts';

/** What a server makes of the question; never called before `probeRoot` has returned. */
export interface ProbeEvents {
  answered(server: NameServer): void;
  /** The system says that it cannot be reached. */
  unreachable(server: NameServer): void;
}

/** Asks each of these servers once. Listens until the transports are closed, which is the caller's to do. */
export function probeRoot(servers: Iterable<NameServer>, events: ProbeEvents): Transport[] {
  const id = randomInt(0x1_0000);
  const bytes = dnsPacket.encode({
    type: 'query',
    id,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type: 'NS', name: '.', class: 'IN' }],
  });
  return Array.from(servers, (server) =>
    sendUdp(server, bytes, {
      message: (message) => {
        // The socket hears only this server; any response to the question will do (QR bit: RFC 1035 4.1.1).
        const isAnswer = message.length >= 12 && message.readUInt16BE(0) === id && message.readInt8(2) < 0;
        if (isAnswer) events.answered(server);
      },
      error: () => events.unreachable(server),
    }),
  );
}
