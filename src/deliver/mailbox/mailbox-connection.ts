// The transport that delivers into mailboxes of this host: each recipient gets a message of its own. Promises: a recipient whom the directory
// does not know is returned, one about whom it cannot tell waits; a fault of this host, such as a full disk, makes the mail wait and is told;
// a message to several mailboxes is read once, unless it is large.

import { domainOf } from '../../address/domain.ts';
import type { FoundUser, User } from '../../directory/types.ts';
import { placeOf } from '../../mailbox/mailbox-place.ts';
import { type MaildirContent, MaildirWriter } from '../../mailbox/maildir/writer.ts';
import type { EnvelopeRecipient } from '../../message/envelope.ts';
import { mailboxKeys } from '../../policy/mailbox-keys.ts';
import type { RecipientOutcome } from '../../protocol/smtp/client/client-types.ts';
import type { WayHop } from '../../route/types.ts';
import type { StoredMessage } from '../../spool/types.ts';
import type { ConnectionContext } from '../connection-context.ts';
import { deliveredBefore } from '../local/delivered-before.ts';
import { diskTurns, inTurn } from '../local/disk-turns.ts';
import { passedPlaces, type PassedPlaces } from '../local/header-block.ts';
import { LocalConnection } from '../local/local-connection.ts';
import { originalAddress } from '../local/original-address.ts';
import { unixLines, unixText } from '../local/unix-lines.ts';
import { failed } from '../pipe/end-outcome.ts';
import type { TransactionInHand } from '../transaction-in-hand.ts';
import type { ConnectGrant } from '../types.ts';

/** Of this process: it knows which Maildirs it has looked at. */
const maildirs = new MaildirWriter();

/** A message on its way into several mailboxes. */
interface Mail {
  readonly passed: PassedPlaces;
  readonly sender: string;
  /** Called for each mailbox. */
  readonly content: () => Buffer | AsyncIterable<Buffer>;
  readonly signal: AbortSignal;
}

export class MailboxConnection extends LocalConnection {
  readonly #hop: WayHop<'mailbox'>;

  constructor(context: ConnectionContext, grant: ConnectGrant, hop: WayHop<'mailbox'>, onEnded: () => void) {
    super(context, grant, onEnded);
    this.#hop = hop;
  }

  protected override async deliver(
    message: StoredMessage,
    inHand: TransactionInHand,
    signal: AbortSignal,
  ): Promise<readonly RecipientOutcome[]> {
    const { envelope } = inHand.message ?? message;
    const whole = message.content === undefined ? undefined : unixText(message.content);
    const mail: Mail = {
      passed: await passedPlaces(message),
      sender: envelope.reversePath,
      content: () => whole ?? unixLines(message.stream()),
      signal,
    };
    return Promise.all(envelope.recipients.map((recipient, at) => this.#deliverOne(mail, recipient, at)));
  }

  async #deliverOne(mail: Mail, recipient: EnvelopeRecipient, at: number): Promise<RecipientOutcome> {
    const { address } = recipient;
    if (mail.passed.includes(address)) return failed(at, ...deliveredBefore(address));
    const found = await this.#find(address);
    if (found.kind === 'absent') return failed(at, '5.1.1', 'there is no such mailbox here');
    if (found.kind === 'failing')
      return failed(at, '4.3.0', `it cannot be told who has this mailbox: ${found.reason}`);
    try {
      return await this.#intoMailbox(mail, recipient, found.user, at);
    } catch (error) {
      // A message that cannot be read from the spool is the caller's.
      if (!(error instanceof Error) || !('syscall' in error)) throw error;
      return failed(
        at,
        statusOf(error as NodeJS.ErrnoException),
        `the mailbox of ${found.user.address}: ${error.message}`,
      );
    }
  }

  /** The user of an address, or of the address without its extension. */
  async #find(address: string): Promise<FoundUser> {
    const domain = domainOf(address);
    const localPart = address.slice(0, Math.max(0, address.lastIndexOf('@')));
    const rules = { key: 'address', separators: this.#hop.way.separators } as const;
    let found: FoundUser = { kind: 'absent' };
    for (const key of mailboxKeys(localPart, domain, rules)) {
      // A directory has no entry for all names of a domain.
      if (key.startsWith('@')) break;
      found = await this.context.ways.users.find(key);
      if (found.kind !== 'absent') break;
    }
    return found;
  }

  async #intoMailbox(
    mail: Mail,
    recipient: EnvelopeRecipient,
    user: User,
    at: number,
  ): Promise<RecipientOutcome> {
    const place = placeOf(this.#hop.way, user);
    if (place.kind === 'fault') return failed(at, '4.3.5', place.why);
    const { path: folder, base } = place;
    const fields = Buffer.from(fieldsBefore(mail.sender, recipient));
    const { deadlines, settings } = this.context;
    const limit = { deadlines, limitMs: settings.timeouts.blockMs };
    const added = await diskTurns.run(folder, limit, (turn) => {
      mail.signal.throwIfAborted();
      const content = mail.content();
      const entry: MaildirContent = Buffer.isBuffer(content)
        ? [fields, content]
        : inTurn(joined(fields, content), turn);
      return maildirs.add({ folder, base, followsLinks: true }, entry, Date.now(), turn.signal);
    });
    const reply = {
      code: 250,
      enhanced: '2.1.5',
      lines: [`delivered into ${added.path}`],
      command: 'content',
    } as const;
    return { recipient: at, result: 'delivered', reply };
  }
}

async function* joined(first: Buffer, others: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  yield first;
  yield* others;
}

/** RFC 5321 4.4: the agent of the last delivery adds Return-Path. By Delivered-To, mail that goes round is found. */
function fieldsBefore(sender: string, recipient: EnvelopeRecipient): string {
  const { address } = recipient;
  const original = originalAddress(recipient);
  const originalTo = original === address ? '' : `X-Original-To: ${original}\n`;
  const path = recipient.isCopy === true ? '' : sender;
  return `Return-Path: <${path}>\n${originalTo}Delivered-To: ${address}\n`;
}

/** RFC 3463 3.4: mail system full; other or undefined mail system status. */
function statusOf({ code }: NodeJS.ErrnoException): string {
  return code === 'ENOSPC' || code === 'EDQUOT' ? '4.3.1' : '4.3.0';
}
