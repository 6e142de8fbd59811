// One [[listen]] as the rest of Sluice sees it: its own values of keys of [receive] apart from the rest.

import { resolve } from 'node:path';

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { listeners } from './schema/listen.ts';

type FileListen = DeepReadonly<CamelKeys<z.output<typeof listeners>>>[number];

/** Keys of a listener that [receive] does not have. */
type OwnKey =
  | 'address'
  | 'protocol'
  | 'socketMode'
  | 'completeMail'
  | 'proxyProtocol'
  | 'xclient'
  | 'xforward';

/** The path of a Unix-domain socket is absolute. */
export type ListenConfig = Pick<FileListen, OwnKey> & {
  /** Those that are not given are as in [receive]. */
  readonly receive: Omit<FileListen, OwnKey>;
};

/** @param folder - where a relative path starts */
export function toListenConfig(listen: FileListen, folder: string): ListenConfig {
  const { address, protocol, socketMode, completeMail, proxyProtocol, xclient, xforward, ...own } = listen;
  const receive = own.relayCa === undefined ? own : { ...own, relayCa: resolve(folder, own.relayCa) };
  return {
    address: address.kind === 'unix' ? { ...address, path: resolve(folder, address.path) } : address,
    protocol,
    socketMode,
    completeMail,
    proxyProtocol,
    xclient,
    xforward,
    receive,
  };
}
