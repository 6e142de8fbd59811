// Runs the stages that a message would meet, for `sluice policy try`. Promises: the stages are the live ones of a listener, with their tables,
// breakers and processes; nothing is stored, counted, logged or reported, and nobody is refused because of a trial.

import { Buffer } from 'node:buffer';
import { Events } from '../../log/events.ts';
import { observedPipelines } from '../../policy/observed-stages.ts';
import type { StageWatch } from '../../policy/stage-watch.ts';
import { DotStuffer } from '../../protocol/smtp/client/dot-stuffer.ts';
import { withoutClientLimits } from '../client-contexts.ts';
import { clientFacts, type ConnectionOrigin, noRights } from '../connection-origin.ts';
import type { ListenerOptions } from '../listener.ts';
import { MemoryBudget } from '../memory-budget.ts';
import type { ReceiveContext } from '../receive-context.ts';
import { ReceiveLog } from '../receive-log.ts';
import type { AcceptedMessage } from '../types.ts';
import { trialDirectory, withTrialLogin } from './trial-login.ts';
import { TrialNotes } from './trial-notes.ts';
import { TrialSession } from './trial-session.ts';
import { onlyPlace } from '../store-places.ts';
import { TrialSpool } from './trial-spool.ts';
import type { TrialMail, TrialOutcome, TrialReport, TrialStep } from './trial-types.ts';

/** Content is said in pieces of this size, as it comes from a socket. */
const pieceBytes = 64 * 1024;

export interface TrialParts {
  /** Where the client connects. */
  readonly listener: Pick<ListenerOptions, 'facts' | 'completesMail' | 'context'>;
  readonly watch: Pick<StageWatch, 'deadlines' | 'rests'>;
  /** Monotonic, in ms. */
  readonly nowMs: () => number;
}

/**
 * @param content - the message, with CRLF line ends and without dot-stuffing
 * @param signal - ends the trial
 */
export async function runTrial(
  { listener, watch, nowMs }: TrialParts,
  mail: TrialMail,
  content: Uint8Array,
  signal: AbortSignal,
): Promise<TrialReport> {
  const notes = new TrialNotes(nowMs);
  const spool = new TrialSpool(listener.context.places.all[0].spool);
  let accepted: AcceptedMessage | undefined;
  const context = trialContext(listener.context, watch, notes, spool, (message) => (accepted = message));
  const origin: ConnectionOrigin = {
    listener: listener.facts,
    client: mail.client,
    connections: 1,
    frontEnd: undefined,
    completesMail: listener.completesMail,
    relaysToldLogins: false,
    rights: noRights,
    rightsOf: () => noRights,
    admit: () => ({ kind: 'admitted', connections: 1, context, release: () => undefined }),
  };
  // As a front end would tell it.
  const told =
    mail.clientName === undefined
      ? undefined
      : { address: mail.client, knowsClient: true, clientName: mail.clientName };
  const session = new TrialSession(
    context,
    origin,
    clientFacts(context.relay, mail.client, told, origin.connections),
  );
  const ended = (): void => session.close();
  signal.addEventListener('abort', ended, { once: true });
  try {
    await converse(session, notes, mail, content, listener.facts.kind === 'lmtp');
  } finally {
    signal.removeEventListener('abort', ended);
    session.close();
  }
  const { steps } = notes;
  return {
    listener: listener.facts.name,
    steps,
    outcome: outcomeOf(notes, steps, spool, accepted),
    refusedRecipients: notes.refusals
      .filter(({ command }) => command === 'RCPT')
      .map(({ to, reply, stage }) => ({ address: to, reply, stage })),
  };
}

/** The context of the listener, with nothing behind it that a trial could change. */
function trialContext(
  live: ReceiveContext,
  watch: TrialParts['watch'],
  notes: TrialNotes,
  spool: TrialSpool,
  submitted: (message: AcceptedMessage) => void,
): ReceiveContext {
  const { settings, pipelines, sending, quarantine, queue, auth } = live;
  return withoutClientLimits({
    ...live,
    settings: { ...settings, session: withTrialLogin(settings.session) },
    pipelines: observedPipelines(pipelines, watch, notes),
    auth: auth === undefined ? undefined : { ...auth, directory: trialDirectory(auth.directory) },
    sending:
      sending === undefined
        ? undefined
        : {
            isOff: sending.isOff,
            heldFor: (handIn) => sending.heldFor(handIn),
            ledger: {
              charge: (handIn) => sending.ledger.charge(handIn, true),
              release: () => undefined,
            },
          },
    quarantine: quarantine === undefined ? undefined : askedOnly(quarantine),
    queue: queue === undefined ? undefined : askedOnly(queue),
    places: {
      ...onlyPlace(spool, { stored: () => undefined, failed: () => undefined }),
      queueOf: (placed, address) => live.places.queueOf(placed, address),
    },
    intake: { submitted, congested: false, whenDrained: (callback) => callback() },
    memory: new MemoryBudget(settings.memoryLimitBytes),
    log: new ReceiveLog(new Events([notes])),
    trail: undefined,
  });
}

/** Room is asked for, and not taken. */
function askedOnly(live: NonNullable<ReceiveContext['quarantine']>): ReceiveContext['quarantine'] {
  const { isDomainFull, isFull } = live.ledger;
  return {
    isLimited: (tenant) => live.isLimited(tenant),
    ledger: {
      reserve: (mail) => live.ledger.reserve(mail, true),
      giveUp: () => undefined,
      ...(isFull !== undefined && { isFull: (queue) => isFull(queue) }),
      ...(isDomainFull !== undefined && { isDomainFull: (domain) => isDomainFull(domain) }),
    },
  };
}

async function converse(
  session: TrialSession,
  notes: TrialNotes,
  { from, to, helo, user, tls }: TrialMail,
  content: Uint8Array,
  isLmtp: boolean,
): Promise<void> {
  notes.begin('connect');
  notes.replied(await session.connect());
  /** @returns whether it was accepted */
  const say = async (command: string, bytes: Uint8Array | string = `${command}\r\n`): Promise<boolean> => {
    if (session.isClosed) return false;
    notes.begin(command);
    const reply = await session.say(bytes);
    notes.replied(reply);
    return /^[23]/.test(reply.at(-1) ?? '');
  };
  const hello = `${isLmtp ? 'LHLO' : 'EHLO'} ${helo}`;
  if (!(await say(hello))) return;
  if (tls && !(await secured(session, say, hello))) return;
  if (user !== undefined && !(await say(`AUTH PLAIN (as ${user})`, authPlain(user)))) return;
  const is8Bit = content.some((byte) => byte > 0x7f);
  const isUtf8 = [from, ...to].some((address) => !isAscii(address));
  const parameters = `${is8Bit ? ' BODY=8BITMIME' : ''}${isUtf8 ? ' SMTPUTF8' : ''}`;
  if (!(await say(`MAIL FROM:<${from}>${parameters}`))) return;
  let isWanted = false;
  for (const address of to) if (await say(`RCPT TO:<${address}>`)) isWanted = true;
  if (!isWanted || !(await say('DATA'))) return;
  await sayContent(session, notes, content);
}

async function secured(
  session: TrialSession,
  say: (command: string) => Promise<boolean>,
  hello: string,
): Promise<boolean> {
  if (session.isImplicitTls) return true;
  return (await say('STARTTLS')) && say(hello);
}

async function sayContent(session: TrialSession, notes: TrialNotes, content: Uint8Array): Promise<void> {
  notes.begin('(content)');
  const stuffer = new DotStuffer();
  const replies: string[] = [];
  for (let at = 0; at < content.length && !session.isClosed; at += pieceBytes) {
    const pieces = stuffer.dotStuff(content.subarray(at, at + pieceBytes));
    replies.push(...(await session.say(Buffer.concat(pieces))));
  }
  if (!session.isClosed) replies.push(...(await session.say(stuffer.endOfData())));
  notes.replied(replies);
}

/** The response of PLAIN (RFC 4616 2). */
function authPlain(user: string): string {
  return `AUTH PLAIN ${Buffer.from(`\0${user}\0trial`).toString('base64')}\r\n`;
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

function outcomeOf(
  notes: TrialNotes,
  steps: readonly TrialStep[],
  { stored }: TrialSpool,
  accepted: AcceptedMessage | undefined,
): TrialOutcome {
  if (stored !== undefined && accepted !== undefined) {
    const { envelope, sizeBytes, header } = stored;
    const { reversePath, recipients, tenant = '', priority, quarantine } = envelope;
    return {
      kind: 'accepted',
      from: reversePath,
      to: recipients.map(({ address, isCopy }) => ({ address, isCopy: isCopy === true })),
      tenant,
      priority,
      quarantine,
      turnAt: accepted.turn?.at,
      sizeBytes,
      header,
    };
  }
  if (notes.discarded !== undefined) return { kind: 'discarded', ...notes.discarded };
  const last = steps.at(-1);
  const {
    command = last?.command ?? '',
    reply = last?.reply.join(' / ') ?? '',
    stage = '',
  } = notes.refusals.at(-1) ?? {};
  return { kind: 'refused', command, reply, stage };
}
