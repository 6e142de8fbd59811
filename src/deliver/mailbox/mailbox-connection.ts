// The transport that delivers into mailboxes of this host: each recipient gets a message of its own. Promises: a recipient whom the directory
// does not know is returned, one about whom it cannot tell waits; a fault of this host, such as a full disk, makes the mail wait and is told;
// a message to several mailboxes is read once, unless it is large; what goes on to others is stored by the manager before the recipient counts.

import type { User } from '../../directory/types.ts';
import { placeOf } from '../../mailbox/mailbox-place.ts';
import { isLimited, limitsOf } from '../../mailbox/quota/limits.ts';
import { SharedUsage } from '../../mailbox/quota/shared-usage.ts';
import type { EnvelopeRecipient } from '../../message/envelope.ts';
import type { RecipientOutcome } from '../../protocol/smtp/client/client-types.ts';
import type { WayHop } from '../../route/types.ts';
import type { StoredMessage } from '../../spool/types.ts';
import type { OnwardMail } from '../../values/onward-mail.ts';
import { mayShareQuota } from '../../values/shared-quotas.ts';
import type { ConnectionContext } from '../connection-context.ts';
import { deliveredBefore } from '../local/delivered-before.ts';
import { diskTurns, inTurn } from '../local/disk-turns.ts';
import { beginningOf, passedPlaces, type PassedPlaces } from '../local/header-block.ts';
import { LocalConnection } from '../local/local-connection.ts';
import { originalAddress } from '../local/original-address.ts';
import { unixLines, unixText } from '../local/unix-lines.ts';
import { failed } from '../pipe/end-outcome.ts';
import type { TransactionInHand } from '../transaction-in-hand.ts';
import type { ConnectGrant } from '../types.ts';
import { expandAlias } from './expand-alias.ts';
import { findMailbox, type FoundMailbox } from './find-mailbox.ts';
import { intoMailbox, type IntoMailbox } from './into-mailbox.ts';
import { KeptCopies } from './kept-copies.ts';
import type { NoRoom } from './room-for-mail.ts';
import { MailboxTurns } from './mailbox-turns.ts';
import { aliasMails, userForward } from './onward-mails.ts';
import { deliveredOutcome } from './onward-outcome.ts';

/** Of this process. */
const turns = new MailboxTurns();
const shared = new SharedUsage((path, act) => turns.run(path, act));
const copies = new KeptCopies();

const noAlias = { kind: 'none' } as const;

/** A message on its way into several mailboxes. */
interface Mail {
  readonly passed: PassedPlaces;
  /** Aliases have named its recipients already. */
  readonly isExpanded: boolean;
  /** Read when it is asked for. */
  readonly header: () => Promise<Buffer>;
  readonly sender: string;
  readonly queueId: string;
  /** With CRLF as line ends. */
  readonly sizeBytes: number;
  /** Called for each mailbox. */
  readonly content: () => Buffer | AsyncIterable<Buffer>;
  readonly signal: AbortSignal;
}

interface OneRecipient {
  readonly mail: Mail;
  readonly recipient: EnvelopeRecipient;
  /** Its index in the transaction. */
  readonly at: number;
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
      isExpanded: envelope.isExpanded === true,
      header: () => beginningOf(message),
      sender: envelope.reversePath,
      queueId: envelope.queueId,
      sizeBytes: message.sizeBytes,
      content: () => whole ?? unixLines(message.stream()),
      signal,
    };
    return Promise.all(envelope.recipients.map((recipient, at) => this.#deliverOne(mail, recipient, at)));
  }

  async #deliverOne(mail: Mail, recipient: EnvelopeRecipient, at: number): Promise<RecipientOutcome> {
    const { address } = recipient;
    const { users, aliases: tables } = this.context.ways;
    const { aliases: table, separators } = this.#hop.way;
    if (mail.passed.includes(address)) return failed(at, ...deliveredBefore(address));
    const isAlias = table !== undefined && !mail.isExpanded;
    const alias = isAlias ? await expandAlias({ tables, table, users, separators }, address) : noAlias;
    if (alias.kind === 'fault') return failed(at, alias.status, alias.why);
    const sentOn = alias.kind === 'alias' ? aliasMails(alias.groups, address, mail.sender) : [];
    if (alias.kind === 'alias' && !alias.hasMailbox) return deliveredOutcome(at, undefined, sentOn);
    const found = await findMailbox(users, address, separators);
    if (found.kind === 'failing')
      return failed(at, '4.3.0', `it cannot be told who has this mailbox: ${found.reason}`);
    if (found.kind === 'absent') return withoutMailbox(at, address, mail, sentOn);
    try {
      return await this.#toUser({ mail, recipient, at }, found, sentOn);
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

  /** @param sentOn - of an alias that stands for others beside the user */
  async #toUser(
    one: OneRecipient,
    found: FoundMailbox,
    sentOn: readonly OnwardMail[],
  ): Promise<RecipientOutcome> {
    const { mail, recipient, at } = one;
    const { user } = found;
    const { address } = recipient;
    const forward = userForward(user, address, mail.sender);
    const mails = forward.mail === undefined ? sentOn : [...sentOn, forward.mail];
    const before = mails.length > 0 && forward.keepsCopy ? copies.of(mail.queueId, address) : undefined;
    const into = forward.keepsCopy ? (before ?? (await this.#intoMailbox(one, found))) : undefined;
    if (typeof into === 'object') return into;
    if (mails.length > 0 && into !== undefined) copies.add(mail.queueId, address, into);
    const answer = user.autoreply === undefined ? undefined : await this.#answerTo(one, user);
    return deliveredOutcome(at, into, answer === undefined ? mails : [...mails, answer]);
  }

  /** @returns the file of the message, or why there is none */
  async #intoMailbox(
    { mail, recipient, at }: OneRecipient,
    { user, extension }: FoundMailbox,
  ): Promise<string | RecipientOutcome> {
    const { way } = this.#hop;
    const place = placeOf(way, user);
    if (place.kind === 'fault') return failed(at, '4.3.5', place.why);
    const fields = Buffer.from(fieldsBefore(mail.sender, recipient));
    const { deadlines, settings, ways } = this.context;
    const limit = { deadlines, limitMs: settings.timeouts.blockMs };
    const { queueId, sender, sizeBytes } = mail;
    const deliver = (): Promise<IntoMailbox> =>
      diskTurns.run(place.path, limit, (turn) => {
        mail.signal.throwIfAborted();
        const content = mail.content();
        const one = {
          user,
          place,
          extension,
          content: Buffer.isBuffer(content) ? [fields, content] : inTurn(joined(fields, content), turn),
          sizeBytes: fields.length + (Buffer.isBuffer(content) ? content.length : sizeBytes),
          sender,
          queueId,
          nowMs: Date.now(),
          signal: turn.signal,
        };
        return intoMailbox(way, one, shared, ways.warner);
      });
    const isShared = mayShareQuota(way.shared, user);
    const isCounted = isShared || isLimited(limitsOf(way.quota, user));
    const into = await (isCounted ? turns.run(place.path, deliver) : deliver());
    if (into.kind === 'full') {
      this.context.log.overQuota();
      if (into.isForAll) ways.room.hasNone(fullName(user.address, into), into.isFinal ? 'closed' : 'full');
      return overQuota(at, into);
    }
    ways.room.hasSome(user.address);
    if (isShared) ways.room.hasSome(domainName(user.address));
    return into.path;
  }

  /** An answer that fails fails nothing else. */
  async #answerTo({ mail, recipient }: OneRecipient, user: User): Promise<OnwardMail | undefined> {
    const { deadlines, log, settings } = this.context;
    const place = placeOf(this.#hop.way, user);
    // A copy for an archive was not written to the user.
    if (place.kind === 'fault' || recipient.isCopy === true) return undefined;
    const { address } = recipient;
    const { sender } = mail;
    const limit = { deadlines, limitMs: settings.timeouts.blockMs };
    try {
      const { autoreplyTo } = await import('../autoreply/autoreply.ts');
      const header = await mail.header();
      return await diskTurns.run(place.path, limit, () =>
        autoreplyTo({ user, recipient: address, sender, header, place, nowMs: Date.now() }),
      );
    } catch (error) {
      log.notAnswered(user.address, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}

/** It has come here by an alias that stands for others as well: they get theirs, and the sender hears of the mailbox alone. */
function withoutMailbox(
  recipient: number,
  address: string,
  { sender }: Mail,
  sentOn: readonly OnwardMail[],
): RecipientOutcome {
  if (sentOn.length === 0) return failed(recipient, '5.1.1', 'there is no such mailbox here');
  const itself = { reason: 'alias', reversePath: sender, recipients: [address], fields: '' } as const;
  return deliveredOutcome(recipient, undefined, [...sentOn, { ...itself, isExpanded: true }]);
}

/** Under which name receivers are told of it: a full domain takes no mail for any of its users. */
function fullName(address: string, { scope }: NoRoom): string {
  return scope?.kind === 'domain' ? domainName(address) : address;
}

function domainName(address: string): string {
  return address.slice(address.lastIndexOf('@'));
}

/** RFC 5321 4.2.3: exceeded storage allocation, insufficient system storage. */
function overQuota(
  recipient: number,
  { isFinal, text }: Extract<IntoMailbox, { readonly kind: 'full' }>,
): RecipientOutcome {
  return {
    recipient,
    result: isFinal ? 'permfail' : 'tempfail',
    failure: {
      kind: 'unsent',
      during: 'content',
      code: isFinal ? 552 : 452,
      enhanced: isFinal ? '5.2.2' : '4.2.2',
      text,
    },
  };
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
