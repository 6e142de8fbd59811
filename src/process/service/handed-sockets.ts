// Sockets that the service manager has opened and hands over (sd_listen_fds(3)), and for which [[listen]] each of them is. What a
// descriptor listens on is read from /proc/net, because Node tells it of no descriptor that it has not taken over.

import { fstatSync, readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import ipaddr from 'ipaddr.js';
import type { ListenConfig } from '../../config/listen-config.ts';
import type { GivenSocket } from '../../channel/messages.ts';
import { formatListenAddress, type ListenAddress } from '../../values/listen-address.ts';
import type { HandedDescriptor } from './service-environment.ts';

/** What of a listener decides whether a socket is for it. */
export type WantedSocket = Pick<ListenConfig, 'address' | 'socketName'>;

/** The files of /proc/net that name listening sockets by their inode. */
export interface SocketTables {
  readonly tcp: string;
  readonly tcp6: string;
  readonly unix: string;
}

/** Finds out what descriptors listen on. */
export function describeHanded(descriptors: readonly HandedDescriptor[]): readonly GivenSocket[] {
  if (descriptors.length === 0) return [];
  const tables = { tcp: tableOf('tcp'), tcp6: tableOf('tcp6'), unix: tableOf('unix') };
  return descriptors.map((each) => ({ ...each, address: addressOf(inodeOf(each.fd), tables) }));
}

/** The socket for a listener: the one of its `socket_name`, else the one with its address. */
export function findHanded<Socket extends GivenSocket>(
  sockets: readonly Socket[],
  { address, socketName }: WantedSocket,
): Socket | undefined {
  if (socketName !== undefined) return sockets.find(({ name }) => name === socketName);
  const wanted = canonical(address);
  return sockets.find((each) => each.address !== undefined && canonical(each.address) === wanted);
}

/** A sentence for each socket that no listener wants: connections to it are never answered. */
export function unwantedSockets(
  sockets: readonly GivenSocket[],
  listeners: readonly WantedSocket[],
): readonly string[] {
  const wanted = new Set(listeners.map((each) => findHanded(sockets, each)));
  return sockets
    .filter((each) => !wanted.has(each))
    .map(({ address, name }) => {
      const where = address === undefined ? 'an address that cannot be told' : formatListenAddress(address);
      return `the service manager has handed over a socket for ${where} (${name}), and no [[listen]] is for it: clients that connect there get no answer; add a [[listen]] with this address, or with socket_name = "${name}"`;
    });
}

/** @param inode - of the socket. Listening sockets alone are found. */
export function addressOf(inode: string, { tcp, tcp6, unix }: SocketTables): ListenAddress | undefined {
  for (const line of `${tcp}\n${tcp6}`.split('\n')) {
    // proc_net_tcp: number, local address, remote address, state, ..., inode
    const fields = line.trim().split(/\s+/u);
    if (fields[3] !== listening || fields[9] !== inode) continue;
    const [host = '', port = ''] = fields[1]?.split(':') ?? [];
    return { kind: 'tcp', host: hostOf(host), port: Number.parseInt(port, 16) };
  }
  for (const line of unix.split('\n')) {
    // proc_net_unix: address, references, protocol, flags, type, state, inode, path
    const fields = line.trim().split(/\s+/u);
    const path = fields.slice(7).join(' ');
    if (fields[3] === acceptsConnections && fields[6] === inode && path !== '') return { kind: 'unix', path };
  }
  return undefined;
}

/** TCP_LISTEN */
const listening = '0A';
/** __SO_ACCEPTCON */
const acceptsConnections = '00010000';

/** The kernel prints an address as words of 32 bits, in the byte order of the machine. */
function hostOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  if (endianness() === 'LE') bytes.swap32();
  return ipaddr.fromByteArray([...bytes]).toString();
}

function canonical(address: ListenAddress): string {
  if (address.kind === 'unix') return formatListenAddress(address);
  return formatListenAddress({ ...address, host: ipaddr.process(address.host).toString() });
}

function inodeOf(fd: number): string {
  try {
    return String(fstatSync(fd, { bigint: true }).ino);
  } catch {
    return '';
  }
}

function tableOf(name: string): string {
  try {
    return readFileSync(`/proc/net/${name}`, 'latin1');
  } catch {
    return '';
  }
}
