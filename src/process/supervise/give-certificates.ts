// Tells a process what it may know of certificates, by its role: receivers and POP3 get the keys that they serve, senders those
// of the certificates that they show, the control process what operators ask for, and the manager nothing.

import type { CertificateDesk } from './certificate-desk.ts';
import { type Child, tell } from './child.ts';

/** @param child - its name alone decides: a process cannot ask for anything else */
export function giveCertificates(
  child: Child,
  desk: Pick<CertificateDesk, 'material' | 'identities' | 'facts'>,
): void {
  if (child.name === 'receiver' || child.name === 'pop3')
    tell(child, { kind: 'certificates', material: desk.material });
  if (child.name === 'sender') tell(child, { kind: 'identities', identities: desk.identities });
  if (child.name === 'control') tell(child, { kind: 'served', certificates: desk.facts });
}
