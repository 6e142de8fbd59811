// The transport that hands mail to a program, one recipient a run. Promises: no recipient is answered for by the run of another; a recipient
// that the message was delivered to before is told of as a loop; an address that the command could misread is given to no program.

import type { RecipientOutcome } from '../../protocol/smtp/client/client-types.ts';
import type { WayHop } from '../../route/types.ts';
import type { StoredMessage } from '../../spool/types.ts';
import { fillCommand, type PipeVariable } from '../../values/pipe-command.ts';
import type { ConnectionContext } from '../connection-context.ts';
import { passedPlaces, type PassedPlaces } from '../local/header-block.ts';
import { deliveredBefore } from '../local/delivered-before.ts';
import { LocalConnection } from '../local/local-connection.ts';
import { originalAddress } from '../local/original-address.ts';
import type { TransactionInHand } from '../transaction-in-hand.ts';
import type { ConnectGrant } from '../types.ts';
import { failed, outcomeOfEnd } from './end-outcome.ts';
import { writeMessageFile } from './message-file.ts';
import {
  deliveredToLine,
  mboxFromLine,
  originalToLine,
  type PipeFacts,
  pipeValues,
  returnPathLine,
} from './pipe-values.ts';

/** A path that is longer is no address that a mailbox has (RFC 5321 4.5.3.1.3: 256 octets), and too long for an environment. */
const mostAddressBytes = 1000;

export class PipeConnection extends LocalConnection {
  readonly #hop: WayHop<'pipe'>;

  constructor(context: ConnectionContext, grant: ConnectGrant, hop: WayHop<'pipe'>, onEnded: () => void) {
    super(context, grant, onEnded);
    this.#hop = hop;
  }

  protected override async deliver(
    message: StoredMessage,
    inHand: TransactionInHand,
    signal: AbortSignal,
  ): Promise<readonly RecipientOutcome[]> {
    const outcomes: RecipientOutcome[] = [];
    const { envelope } = inHand.message ?? message;
    const passed = await passedPlaces(message);
    for (const [at, recipient] of envelope.recipients.entries()) {
      const facts: PipeFacts = {
        sender: recipient.isCopy === true ? '' : envelope.reversePath,
        recipient: recipient.address,
        originalRecipient: originalAddress(recipient),
        queueId: envelope.queueId,
        sizeBytes: message.sizeBytes,
        nowMs: Date.now(),
      };
      outcomes.push(await this.#deliverOne({ message, passed }, facts, at, signal));
    }
    return outcomes;
  }

  async #deliverOne(
    { message, passed }: { readonly message: StoredMessage; readonly passed: PassedPlaces },
    facts: PipeFacts,
    at: number,
    signal: AbortSignal,
  ): Promise<RecipientOutcome> {
    const { way, planKey } = this.#hop;
    const unfit = unfitness(way.command, facts);
    if (unfit !== undefined) return failed(at, ...unfit);
    if (passed.includes(facts.recipient)) return failed(at, ...deliveredBefore(facts.recipient));
    const { folder, programs } = this.context.ways;
    let file;
    try {
      file = await writeMessageFile(folder, fieldsBefore(this.#hop, facts), message);
    } catch (error) {
      // Damage is not a fault of this disk; what else it is, the next attempt shows.
      if (!isSystemError(error)) throw error;
      return failed(at, '4.3.0', `the message cannot be written to ${folder}: ${error.message}`);
    }
    try {
      const end = await programs.run({ planKey, way, facts, file: file.path }, signal);
      return outcomeOfEnd(way, end, at);
    } finally {
      await file.remove();
    }
  }
}

function fieldsBefore({ way }: WayHop<'pipe'>, facts: PipeFacts): string {
  const from = way.mboxFrom ? mboxFromLine(facts) : '';
  if (!way.traceFields) return from;
  return `${from}${returnPathLine(facts)}${originalToLine(facts)}${deliveredToLine(facts)}`;
}

/** Why this mail can be given to no program, and the enhanced status (RFC 3463 3.2: 5.1.3 bad recipient, 5.1.7 bad sender). */
function unfitness(
  command: readonly string[],
  facts: PipeFacts,
): readonly [status: string, text: string] | undefined {
  const filled = fillCommand(command, pipeValues(facts));
  if (filled.kind === 'unfit') {
    const { variable, why } = filled;
    return [variable === 'sender' ? '5.1.7' : '5.1.3', `${whose(variable, facts)} ${why}`];
  }
  if (Buffer.byteLength(facts.recipient) > mostAddressBytes)
    return ['5.1.3', 'the address of the recipient is too long for a program'];
  if (Buffer.byteLength(facts.sender) > mostAddressBytes)
    return ['5.1.7', 'the address of the sender is too long for a program'];
  return undefined;
}

/** Who wrote what is unfit: the original recipient comes from another one than the recipient. */
function whose(variable: PipeVariable, { recipient, originalRecipient }: PipeFacts): string {
  if (variable === 'sender') return 'the address of the sender';
  const isOriginal = variable === 'original_recipient' && originalRecipient !== recipient;
  return isOriginal ? 'the original recipient (ORCPT)' : 'the address of the recipient';
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
