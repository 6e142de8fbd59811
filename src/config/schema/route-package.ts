// `qmqp` and `qmtp` in a [[route]]: servers that take mail by these protocols.

import { type PackageProtocol, packagePorts, parsePackageServer } from '../../values/package-server.ts';
import { key, listOf, textOf } from './fields.ts';

function servers(protocol: PackageProtocol) {
  const name = protocol.toUpperCase();
  return listOf(
    textOf(`a ${name} server such as "qmail.example.net"`, (text) => parsePackageServer(protocol, text)),
    `${name} servers such as ["qmail.example.net"]`,
  )
    .min(1, 'must name one server at least')
    .optional();
}

function meaning(protocol: PackageProtocol, more: string): string {
  const name = protocol.toUpperCase();
  return `Hand the mail to these servers by ${name} ("host:port", where the port is ${packagePorts[protocol]} if it is left out, or "unix:" with the path of a Unix-domain socket). ${more}`;
}

export const routePackageKeys = {
  qmqp: key(servers('qmqp'), meaning('qmqp', 'A message is taken for all of its recipients, or for none.'), {
    example: '["qmail.example.net"]',
  }),
  qmtp: key(servers('qmtp'), meaning('qmtp', 'Each recipient has an answer of its own.'), {
    example: '["qmail.example.net"]',
  }),
};
