// What a [[listen]] of QMQP or QMTP may say. Promise: no listener of QMQP serves anybody who is not named.

import type { z } from 'zod';

import type { ListenAddress } from '../../values/listen-address.ts';

interface PackageListener {
  readonly address: ListenAddress;
  readonly protocol: string;
  readonly tls?: string | undefined;
  readonly xclient: readonly unknown[];
  readonly xforward: readonly unknown[];
  readonly xverp: readonly unknown[];
  readonly relay_networks?: readonly unknown[] | undefined;
  readonly relay_certificates?: readonly unknown[] | undefined;
  readonly relay_ca?: string | undefined;
  readonly client_rules?: string | undefined;
}

export function checkPackageListener(listen: PackageListener, context: z.RefinementCtx): void {
  const { address, protocol, tls } = listen;
  const name = protocol.toUpperCase();
  const refuse = (key: string, message: string): void =>
    context.addIssue({ code: 'custom', message, path: [key] });
  if (tls === 'offered' || tls === 'required')
    refuse('tls', `${name} has no STARTTLS: write "implicit" or "none"`);
  for (const key of ['xclient', 'xforward', 'xverp'] as const)
    if (listen[key].length > 0) refuse(key, `is for SMTP: ${name} has no such command`);
  if (protocol !== 'qmqp' || address.kind === 'unix') return;
  const isAnyNamed =
    (listen.relay_networks ?? []).length > 0 ||
    (listen.relay_certificates ?? []).length > 0 ||
    listen.relay_ca !== undefined ||
    (listen.client_rules ?? '') !== '';
  if (isAnyNamed) return;
  refuse(
    'protocol',
    'whoever may connect by QMQP may send to anyone: name the clients of this listener in its relay_networks, or their certificates in relay_certificates or relay_ca, or a table in client_rules',
  );
}
