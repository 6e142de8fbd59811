// Hands messages to a model server over as many sessions as it takes, as the shell of a session does: the bytes of both directions are cut
// and mixed as a seed says, and the connection can be cut after any byte.

import assert from 'node:assert/strict';
import { ClientSession } from '../../../../src/protocol/smtp/client/client-session.ts';
import type { PipeliningKind } from '../../../../src/values/pipelining.ts';
import { DotStuffer } from '../../../../src/protocol/smtp/client/dot-stuffer.ts';
import { type Accepted, ModelServer, type Plan, type Quirk } from './model-server.ts';

export interface Mail {
  readonly plan: Plan;
  readonly recipients: number;
  /** Lines of the content. */
  readonly lines: number;
}

export interface World {
  readonly mails: readonly Mail[];
  readonly depth: number;
  readonly pipelining: boolean;
  readonly chunking: boolean;
  readonly quirk?: Quirk | undefined;
  /** The session is told to end as soon as the last message has begun. */
  readonly quitsEarly?: boolean;
  /** Messages that have to pass by DATA before content is sent ahead. */
  readonly probes?: number;
  /** What was written at once arrives at once. */
  readonly isWhole?: boolean;
  readonly seed: number;
  /** Bytes in one direction after which the first connection is lost. */
  readonly cut?: { readonly of: 'client' | 'server'; readonly after: number } | undefined;
}

/** What became of one recipient. */
export interface Fate {
  result: 'delivered' | 'permfail' | 'open';
  /** Temporary failures. */
  tempfails: number;
  /** Whether one of them said that the message may have been delivered. */
  inDoubt: boolean;
  /** Sessions that gave it back. */
  returns: number;
}

export interface Played {
  readonly accepted: readonly Accepted[];
  /** By mail, by recipient. */
  readonly fates: readonly (readonly Fate[])[];
  readonly faults: ReadonlySet<PipeliningKind>;
  readonly sessions: number;
  /** The most transactions that were on the way at once. */
  readonly mostOnTheWay: number;
  /** Bytes of the first session. */
  readonly bytes: { readonly client: number; readonly server: number };
}

interface Job {
  readonly mail: number;
  readonly recipients: readonly number[];
}

const mostSessions = 80;
/** Content above it goes by DATA. */
const mostChunk = 700;

export const senderOf = (mail: number): string => `m${mail}@from.test`;
export const recipientOf = (mail: number, recipient: number): string => `r${mail}-${recipient}@to.test`;
export const contentOf = (mail: number, lines: number): string =>
  `Subject: ${mail}\r\n\r\n${['.a line with a dot', 'RSET', '', 'NOOP'].map((line) => `${line}\r\n`).join('')}${`line of ${mail}\r\n`.repeat(lines)}`;

export function play(world: World): Played {
  const accepted: Accepted[] = [];
  const said = new Set<string>();
  const faults = new Set<PipeliningKind>();
  const fates = world.mails.map(({ recipients }) =>
    Array.from({ length: recipients }, (): Fate => ({
      result: 'open',
      tempfails: 0,
      inDoubt: false,
      returns: 0,
    })),
  );
  const jobs: Job[] = world.mails.map(({ recipients }, mail) => ({
    mail,
    recipients: Array.from({ length: recipients }, (_, i) => i),
  }));
  const random = randomOf(world.seed);
  let sessions = 0;
  let mostOnTheWay = 0;
  const bytes = { client: 0, server: 0 };

  const playSession = (isFirst: boolean): void => {
    const server = new ModelServer({ ...world, plans: world.mails.map(({ plan }) => plan) }, accepted, said);
    const isAcross = !faults.has('across');
    const session = new ClientSession({
      heloName: 'client.test',
      pipelining: !faults.has('group'),
      depth: isAcross ? { data: world.depth, chunking: world.depth } : undefined,
      chunking: isAcross && !faults.has('chunk'),
      probes: world.probes,
    });
    const onTheWay: Job[] = [];
    let toServer = '';
    let heard = 0;
    let told = 0;
    const flush = () => {
      const output = session.takeOutput();
      if (output !== undefined) toServer += Buffer.from(output).toString('latin1');
    };
    const pump = () => {
      for (let event = session.next(); event !== undefined; event = session.next()) {
        if (event.kind === 'content') {
          if (session.phase !== 'content') continue;
          const [oldest] = onTheWay;
          assert.ok(oldest !== undefined);
          flush();
          const stuffer = new DotStuffer();
          const content = Buffer.from(contentOf(oldest.mail, world.mails[oldest.mail]!.lines));
          toServer += Buffer.concat([...stuffer.dotStuff(content), stuffer.endOfData()]).toString('latin1');
          session.contentSent();
        } else if (event.kind === 'done') {
          const job = onTheWay.shift();
          assert.ok(job !== undefined, 'done belongs to a transaction');
          assert.equal(event.outcomes.length, job.recipients.length);
          const again: number[] = [];
          for (const outcome of event.outcomes) {
            const recipient = job.recipients[outcome.recipient]!;
            const fate: Fate = fates[job.mail]![recipient]!;
            assert.equal(fate.result, 'open', 'one result');
            if (outcome.result !== 'tempfail') fate.result = outcome.result;
            else {
              fate.tempfails++;
              again.push(recipient);
              const { failure } = outcome;
              if (failure.kind === 'broken' && failure.text.includes('may have been delivered'))
                fate.inDoubt = true;
            }
          }
          if (again.length > 0) jobs.push({ mail: job.mail, recipients: again });
        }
      }
      while (jobs.length > 0 && session.canBegin) {
        const job = jobs.shift()!;
        onTheWay.push(job);
        mostOnTheWay = Math.max(mostOnTheWay, onTheWay.length);
        const content = contentOf(job.mail, world.mails[job.mail]!.lines);
        const transaction = {
          reversePath: senderOf(job.mail),
          recipients: job.recipients.map((each) => ({ address: recipientOf(job.mail, each) })),
          sizeBytes: content.length,
          chunkBytes: content.length <= mostChunk ? content.length : undefined,
          body: '7BIT',
          smtpUtf8: false,
        } as const;
        const isChunk = session.begin(transaction, jobs.length > 0);
        flush();
        if (isChunk) toServer += content;
      }
      const isOver = onTheWay.length === 0 || session.places.needsMark;
      if (jobs.length === 0 && (isOver ? session.phase === 'idle' : world.quitsEarly === true))
        session.quit();
      flush();
    };
    const piece = (all: string): string =>
      all.slice(
        0,
        world.isWhole === true || random() < 0.5 ? all.length : 1 + Math.floor(random() * all.length),
      );
    for (let turn = 0; session.phase !== 'closed'; turn++) {
      assert.ok(turn < 100_000, 'the session ends');
      const cut = isFirst ? world.cut : undefined;
      const mayHear = server.output !== '';
      const mayTell = toServer !== '' && !server.isClosed;
      if (mayHear && (!mayTell || random() < 0.5)) {
        let text = piece(server.output);
        if (cut?.of === 'server') text = text.slice(0, Math.max(0, cut.after - heard));
        heard += text.length;
        server.output = server.output.slice(text.length);
        if (text === '') session.disconnected('cut');
        else session.receive(Buffer.from(text, 'latin1'));
      } else if (mayTell) {
        let text = piece(toServer);
        if (cut?.of === 'client') text = text.slice(0, Math.max(0, cut.after - told));
        told += text.length;
        toServer = toServer.slice(text.length);
        if (text === '') session.disconnected('cut');
        else server.receive(text);
      } else if (server.isClosed) session.disconnected('closed');
      else if (server.isForgetful) server.quiet();
      else session.timedOut();
      pump();
    }
    if (isFirst) Object.assign(bytes, { client: told, server: heard });
    if (session.fault !== undefined) {
      faults.add(session.fault.kind);
      assert.notEqual(session.fault.text, '', 'it says what the server did');
    }
    for (const { mail, recipients } of onTheWay) {
      for (const recipient of recipients) fates[mail]![recipient]!.returns++;
    }
    jobs.unshift(...onTheWay);
  };

  while (jobs.length > 0) {
    assert.ok(sessions < mostSessions, `every message gets through in ${mostSessions} sessions`);
    playSession(sessions === 0);
    sessions++;
  }
  return { accepted, fates, faults, sessions, mostOnTheWay, bytes };
}

/** Numbers in [0, 1) from a seed: a linear congruential generator (Numerical Recipes). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
