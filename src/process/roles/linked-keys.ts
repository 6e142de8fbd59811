// What the processes beside the keys process have of it, over links: the directory while the configuration has one, and signatures while it
// has keys for them.

import { keysSocketPath } from '../../channel/keys-socket.ts';
import { managerAt, ManagerLink } from '../../channel/manager-link.ts';
import type { Asked, KeysHello, Response } from '../../channel/messages.ts';
import type { Config } from '../../config/config.ts';
import { DirectoryLink } from './directory-link.ts';
import type { MakeKeysLink } from './keys-calls.ts';
import { SignerLink } from './signer-link.ts';

/** Who asks, with its pass for the keys process. */
type KeysAsker = Pick<KeysHello, 'role' | 'index' | 'serial'> & { readonly pass: string | undefined };

function keysLinkOf(config: Config, { pass = '', ...asker }: KeysAsker): MakeKeysLink {
  return (ends) =>
    new ManagerLink<Asked, Response>({
      connect: managerAt(keysSocketPath(config.spool)),
      hello: () => ({ kind: 'hello', pass, ...asker }),
      repeat: false,
      take: (batch) => ends.take(batch),
      lost: () => ends.lost(),
    });
}

export function linkedDirectory(config: Config, asker: KeysAsker): DirectoryLink {
  const directory = new DirectoryLink(keysLinkOf(config, asker));
  directory.configure(config);
  return directory;
}

export function linkedSigner(config: Config, asker: KeysAsker): SignerLink {
  const signer = new SignerLink(keysLinkOf(config, asker));
  signer.configure(config);
  return signer;
}
