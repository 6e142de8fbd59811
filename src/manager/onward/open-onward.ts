// Opens the two parts of a manager that add messages to the queue in place of recipients: redirections, and mail that goes on after a delivery.

import { signReport } from '../../signing/sign-report.ts';
import type { Signing } from '../../signing/outgoing-mail.ts';
import type { SenderToManager, Submitted } from '../../channel/messages.ts';
import type { DatedClock } from '../../io/steady-clock.ts';
import type { Events } from '../../log/events.ts';
import type { SpoolReader, SpoolStore, SpoolWriter } from '../../spool/types.ts';
import type { InForce } from '../in-force.ts';
import type { Manager } from '../manager.ts';
import type { ManagerEvents } from '../manager-events.ts';
import { writerTo } from '../open-store.ts';
import type { SenderPort } from '../ports.ts';
import type { DomainDesk } from '../provisioning/domain-desk.ts';
import { Redirects } from '../redirects/redirects.ts';
import { OnwardDesk, type OnwardParts } from './onward-desk.ts';

export interface OnwardSurroundings {
  readonly senders: SenderPort;
  readonly store: SpoolStore;
  readonly reader: SpoolReader;
  readonly writers: readonly SpoolWriter[];
  readonly clock: Pick<DatedClock, 'systemMs'>;
  readonly inForce: InForce;
  /** What knows the queue that the record of a domain names. */
  readonly domains: Pick<DomainDesk, 'storeFor'>;
  readonly happenings: Events;
  readonly events: ManagerEvents;
  /** Undefined where nothing is signed. */
  readonly signing: Signing | undefined;
  /** Not called before everything is assembled. */
  readonly manager: () => Manager;
}

export function openOnward(around: OnwardSurroundings): { redirects: Redirects; onward: OnwardDesk } {
  const { reader, writers, clock, domains, inForce, happenings, events, signing, manager } = around;
  const newMail = {
    reader,
    dateMs: clock.systemMs,
    mostHops: () => inForce.config.receive.maxReceived,
    happenings,
    submit: (message: Submitted) => events.post({ kind: 'reported', message }),
    report: (batch: readonly SenderToManager[]) => manager().senderReports(batch),
  };
  const onward = new OnwardDesk({
    ...newMail,
    writerOf: ({ store: number }) => writerTo(writers, number),
    store: around.store,
    sign: signerOf(signing),
    messageOn: (connection) => manager().messageOn(connection),
    lost: (connection) => events.post({ kind: 'lost', connection }),
  });
  const redirects = new Redirects({
    ...newMail,
    // As for mail that comes in: what the record of its domain says, and else where it was.
    writerFor: async (address, { store: number }) =>
      writerTo(writers, (await domains.storeFor(address)) ?? number),
    senders: around.senders,
  });
  return { redirects, onward };
}

function signerOf(signing: Signing | undefined): OnwardParts['sign'] {
  return async ({ recipients: [recipient = ''], reversePath, content = '' }, tenant = '') => {
    if (signing === undefined || signing.rules.isEmpty) return undefined;
    const signed = await signReport(signing, { tenant, reversePath, recipient }, [Buffer.from(content)]);
    return Buffer.from(signed.fields);
  };
}
