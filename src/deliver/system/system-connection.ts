// The transport that delivers to users of the system, one recipient a run, each as the user whom the address names. Promises: no recipient is answered
// for by the run of another; a recipient that the message was delivered to before is told of as a loop; what a user's file asks for counts only when
// the run has ended and said so.

import type { RecipientOutcome } from '../../protocol/smtp/client/client-types.ts';
import type { WayHop } from '../../route/types.ts';
import type { StoredMessage } from '../../spool/types.ts';
import type { ConnectionContext } from '../connection-context.ts';
import { deliveredBefore } from '../local/delivered-before.ts';
import { passedPlaces, type PassedPlaces } from '../local/header-block.ts';
import { LocalConnection } from '../local/local-connection.ts';
import { originalAddress } from '../local/original-address.ts';
import { failed } from '../pipe/end-outcome.ts';
import { writeMessageFile } from '../pipe/message-file.ts';
import type { PipeFacts } from '../pipe/pipe-values.ts';
import type { TransactionInHand } from '../transaction-in-hand.ts';
import type { ConnectGrant } from '../types.ts';
import { ownLoop, passedOwn } from './own-forwards.ts';
import { outcomeOfSystemEnd } from './system-outcome.ts';

/** Longer ones are no addresses that a user has, and too long for an environment. */
const mostAddressBytes = 1000;

interface Mail {
  readonly message: StoredMessage;
  readonly passed: PassedPlaces;
  readonly isExpanded: boolean;
}

export class SystemConnection extends LocalConnection {
  readonly #hop: WayHop<'local'>;

  constructor(context: ConnectionContext, grant: ConnectGrant, hop: WayHop<'local'>, onEnded: () => void) {
    super(context, grant, onEnded);
    this.#hop = hop;
  }

  protected override async deliver(
    message: StoredMessage,
    inHand: TransactionInHand,
    signal: AbortSignal,
  ): Promise<readonly RecipientOutcome[]> {
    const { envelope } = inHand.message ?? message;
    const passed = await passedPlaces(message);
    const outcomes: RecipientOutcome[] = [];
    const isExpanded = message.envelope.isExpanded === true;
    for (const [at, recipient] of envelope.recipients.entries()) {
      const facts: PipeFacts = {
        sender: recipient.isCopy === true ? '' : envelope.reversePath,
        recipient: recipient.address,
        originalRecipient: originalAddress(recipient),
        queueId: envelope.queueId,
        sizeBytes: message.sizeBytes,
        nowMs: Date.now(),
      };
      outcomes.push(await this.#deliverOne({ message, passed, isExpanded }, facts, at, signal));
    }
    return outcomes;
  }

  async #deliverOne(
    { message, passed, isExpanded }: Mail,
    facts: PipeFacts,
    at: number,
    signal: AbortSignal,
  ): Promise<RecipientOutcome> {
    const { way, planKey } = this.#hop;
    const { recipient, sender } = facts;
    if (Buffer.byteLength(recipient) > mostAddressBytes)
      return failed(at, '5.1.3', 'the address of the recipient is too long');
    if (Buffer.byteLength(sender) > mostAddressBytes)
      return failed(at, '5.1.7', 'the address of the sender is too long');
    if (passed.includes(recipient)) return failed(at, ...deliveredBefore(recipient));
    const passedBefore = passedOwn(passed.addresses, recipient, way.separators);
    const loop = ownLoop(recipient, way.separators, passedBefore, []);
    if (loop !== undefined) return failed(at, ...loop);
    const { folder, systemUsers } = this.context.ways;
    let file;
    try {
      file = await writeMessageFile(folder, '', message);
    } catch (error) {
      // Damage is not a fault of this disk; what else it is, the next attempt shows.
      if (!(error instanceof Error) || !('syscall' in error)) throw error;
      return failed(at, '4.3.0', `the message cannot be written to ${folder}: ${error.message}`);
    }
    try {
      const end = await systemUsers.deliver({ planKey, way, facts, isExpanded, file: file.path }, signal);
      const outcome = outcomeOfSystemEnd(end, facts, at);
      const named = outcome.result === 'delivered' ? (outcome.onward?.mails ?? []) : [];
      const forwards = named.flatMap((each) => (each.isExpanded === true ? [] : each.recipients));
      const multiplied = ownLoop(recipient, way.separators, passedBefore, forwards);
      // What was done here already stays; waiting would do it again.
      return multiplied === undefined ? outcome : failed(at, ...multiplied);
    } finally {
      await file.remove();
    }
  }
}
