// [[listen]]: where mail comes in, and what is spoken there.

import type { z } from 'zod';

import { formatListenAddress, includesAddress, parseListenAddress } from '../../values/listen-address.ts';
import { ValueError } from '../../values/value-error.ts';
import { rulesTable } from './clients.ts';
import { key, listOf, oneOf, tableOf, textOf, yesNo } from './fields.ts';
import { networks } from './lists.ts';
import { checkPackageListener } from './package-listener.ts';
import { checkPop3Listener } from './pop3.ts';
import { receiveOverrides } from './receive.ts';

/** RFC 2033 5: LMTP must not be used on this port. */
const smtpPort = 25;

/** A name as systemd takes it for a descriptor (systemd.socket(5)). */
function parseSocketName(text: string): string {
  if (!/^[\x20-\x39\x3b-\x7e]{1,255}$/u.test(text)) {
    throw new ValueError(
      `"${text}" is not the name of a socket: it has up to 255 ASCII characters, and no colon`,
    );
  }
  return text;
}

/** Permissions of a file in octal, as chmod takes them. */
function parseMode(text: string): number {
  if (!/^0?[0-7]{3}$/u.test(text)) {
    throw new ValueError(
      `"${text}" is not the permissions of a socket; write them as for chmod, e.g. "0660"`,
    );
  }
  return Number.parseInt(text, 8);
}

const listen = tableOf({
  address: key(
    textOf(
      'an address and a port such as "127.0.0.1:2525", or a socket such as "unix:/run/sluice/lmtp"',
      parseListenAddress,
    ),
    'The IP address and port to listen on. Ports below 1024 need a privilege of the system. Port 0 takes any free port. "unix:PATH" is a Unix-domain socket, for programs of this host: who may write to it may send to any domain.',
    { example: '"127.0.0.1:2525"' },
  ),
  protocol: key(
    oneOf(['smtp', 'lmtp', 'qmqp', 'qmtp', 'pop3']).default('smtp'),
    'What is spoken: "smtp"; "lmtp" (RFC 2033), with which another mail server hands over mail and hears of each recipient by itself; "qmqp" or "qmtp", by which front ends and null clients of qmail hand in mail (docs/qmqp.md); or "pop3", with which users of [[directory]] fetch their mail from the mailboxes of this host (docs/pop3.md).',
  ),
  socket_mode: key(
    textOf('permissions such as "0660"', parseMode).prefault('0660'),
    'The permissions of a Unix-domain socket.',
  ),
  socket_name: key(
    textOf('the name of a socket such as "smtp"', parseSocketName).optional(),
    'The name of a socket that the service manager opens and hands over (FileDescriptorName= of systemd), for this listener. Where no socket is handed over, the address is opened as ever.',
    { defaultText: 'the one with the same address', example: '"smtp"' },
  ),
  complete_mail: key(
    yesNo().default(true),
    'Complete mail of printers, scanners and scripts, that is, mail which clients in relay_networks hand in and which no server has relayed yet: hostname is added to senders and recipients without a domain, and a missing Date or Message-ID is added (RFC 6409 8).',
  ),
  proxy_protocol: key(
    networks().prefault([]),
    'Load balancers. A connection from one of these networks must begin with a PROXY header, version 1 or 2, else it is closed; its client is the one that the header names. A PROXY header from any other address ends the connection. List only hosts that you run yourself: they can pretend to be any client.',
    { example: '["10.0.0.10", "10.0.0.11"]' },
  ),
  xclient: key(
    networks().prefault([]),
    'Front ends that speak SMTP with the clients and tell by XCLIENT who they are, e.g. nginx. From these networks no mail is taken before XCLIENT with ADDR; then the session is as if that client had connected. List only hosts that you run yourself: they can pretend to be any client.',
    { example: '["10.0.0.10"]' },
  ),
  xclient_logins: key(
    yesNo().default(false),
    'Users of whom a front end in xclient tells by LOGIN may relay, as if they had logged in here. Only for front ends that check passwords themselves, such as those of [front].',
    { example: 'true' },
  ),
  xforward: key(
    networks().prefault([]),
    'Front ends that may tell by XFORWARD where a message came from, e.g. Postfix. It is written to the log, and decides nothing.',
    { example: '["127.0.0.1"]' },
  ),
  xverp: key(
    networks().prefault([]),
    'Clients that may ask by XVERP of MAIL, as mailing list programs do with Postfix, for a message with a sender of its own for each recipient (VERP).',
    { example: '["127.0.0.1"]' },
  ),
  from_filter: key(
    oneOf(['any', 'outgoing']).optional(),
    'It takes mail back from a content filter: all checks, stages, rewriting, copies of [[tap]], sending limits and log-ins are left out, since they were done before. Only clients in its own relay_networks may connect, which are this host when they are not given. "any": nothing is signed. "outgoing": what comes here is mail of your own, and is signed (DKIM).',
    { defaultText: 'it is no such listener', example: '"any"' },
  ),
  client_rules: key(
    rulesTable(', or "" for none').optional(),
    'The table of rules for the clients of this listener, in place of rules in [clients]; "" for none.',
    { defaultText: 'that of [clients]', example: '"submission-clients"' },
  ),
  ...receiveOverrides(),
}).superRefine((all, context) => {
  const { address, protocol, ...own } = all;
  if (all.xclient_logins && all.xclient.length === 0)
    context.addIssue({
      code: 'custom',
      message: 'nobody tells of log-ins: name the front ends in xclient',
      path: ['xclient_logins'],
    });
  if (protocol === 'pop3') {
    checkPop3Listener(all, context);
    return;
  }
  if (protocol === 'qmqp' || protocol === 'qmtp') checkPackageListener(all, context);
  for (const name of ['proxy_protocol', 'xclient', 'xforward', 'xverp'] as const) {
    if (address.kind !== 'unix' || own[name].length === 0) continue;
    const message = `a Unix-domain socket has no clients with an IP address: ${name} needs a port`;
    context.addIssue({ code: 'custom', message, path: [name] });
  }
  if (protocol !== 'lmtp' || address.kind !== 'tcp' || address.port !== smtpPort) return;
  const message = 'port 25 is for SMTP: LMTP must have another port, e.g. 24 (RFC 2033 5)';
  context.addIssue({ code: 'custom', message, path: ['address'] });
});

type Listen = z.output<typeof listen>;

/** All listeners. None takes the connections of another. */
export const listeners = listOf(listen, 'tables: [[listen]]')
  .min(1, 'must hold one address at least')
  .superRefine((all, context) => {
    const before: Listen['address'][] = [];
    for (const [index, { address }] of all.entries()) {
      const taken = before.find(
        (other) => includesAddress(other, address) || includesAddress(address, other),
      );
      if (taken !== undefined && !(address.kind === 'tcp' && address.port === 0)) {
        context.addIssue({ code: 'custom', message: overlap(taken, address), path: [index, 'address'] });
      }
      before.push(address);
    }
  });

function overlap(taken: Listen['address'], address: Listen['address']): string {
  const [text, other] = [formatListenAddress(address), formatListenAddress(taken)];
  if (text === other) return `${text} is listened on already`;
  const wider = includesAddress(taken, address) ? other : text;
  return `${text} and ${other} are both listened on; ${wider} is enough`;
}
