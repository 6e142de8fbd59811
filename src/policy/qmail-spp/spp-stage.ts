// Plugins of qmail-spp, unchanged, as a stage: programs that are run at a command of a client, and say by what they print what becomes of it.
// Promises: a plugin that fails, hangs or prints what nobody can understand is a failure of the stage, never a refusal for good.

import { appendSuffix } from '../../address/append-suffix.ts';
import { domainOf } from '../../address/domain.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import { verdictFault } from '../check-verdict.ts';
import type { FollowedFile } from '../followed-file.ts';
import {
  type Answer,
  type Audience,
  type Breaker,
  type FailureAnswer,
  goOn,
  type MailFacts,
  type RcptFacts,
  type SessionFacts,
  type Stage,
  type Verdict,
} from '../stage.ts';
import { carryOut, endOf, goOnWith, refusal, type Run } from './carry-out.ts';
import type { SppPlugins, SppSection } from './control-file.ts';
import type { PluginPrograms } from './plugin-programs.ts';
import { SppSession } from './spp-session.ts';

const relayingDenied: Reply = { code: 550, enhanced: '5.7.1', text: 'Relaying denied' };
const cannotAppend: Reply = {
  code: 553,
  enhanced: '5.1.3',
  text: 'This address cannot be passed on as it has to be for you',
};

export interface SppParts {
  readonly name: string;
  readonly timeLimitMs: number;
  readonly onFailure: FailureAnswer;
  readonly audience: Audience | undefined;
  readonly breaker: Breaker | undefined;
  readonly control: FollowedFile<SppPlugins>;
  readonly programs: PluginPrograms;
  readonly acceptsDomain: (domain: string) => boolean;
}

const pointOf = {
  connection: 'connect',
  helo: 'helo',
  auth: 'auth',
  mail: 'mail',
  rcpt: 'rcpt',
  data: 'data',
} as const;

export class QmailSppStage implements Stage {
  readonly name: string;
  readonly timeLimitMs: number;
  readonly onFailure: FailureAnswer;
  readonly audience: Audience | undefined;
  readonly breaker: Breaker | undefined;
  readonly #control: FollowedFile<SppPlugins>;
  readonly #programs: PluginPrograms;
  readonly #acceptsDomain: (domain: string) => boolean;
  /** The facts are one object for each session. */
  readonly #sessions = new WeakMap<SessionFacts, SppSession>();

  constructor(parts: SppParts) {
    const { name, timeLimitMs, onFailure, audience, breaker, control, programs, acceptsDomain } = parts;
    this.breaker = breaker;
    this.name = name;
    this.timeLimitMs = timeLimitMs;
    this.onFailure = onFailure;
    this.audience = audience;
    this.#control = control;
    this.#programs = programs;
    this.#acceptsDomain = acceptsDomain;
  }

  connect(facts: SessionFacts): Answer {
    const session = new SppSession();
    session.isOff = this.#programs.isOff || facts.client.rule?.variables['NOSPP'] !== undefined;
    this.#sessions.set(facts, session);
    return this.#ask('connection', facts, {});
  }

  helo(facts: SessionFacts): Answer {
    const { variables } = this.#sessionOf(facts);
    if (variables !== undefined) variables['SMTPHELOHOST'] = facts.helo;
    return this.#ask('helo', facts, {});
  }

  auth(facts: SessionFacts): Answer {
    const session = this.#sessionOf(facts);
    if (session.variables !== undefined) Object.assign(session.variables, whoVariables(facts));
    return this.#ask('auth', facts, {});
  }

  mail(facts: MailFacts): Answer {
    const session = this.#sessionOf(facts);
    session.beginTransaction();
    const answer = this.#ask('mail', facts, { SMTPMAILFROM: facts.transaction.reversePath });
    const noted = (verdict: Verdict): Verdict => {
      if (verdict.kind === 'reject' || verdict.kind === 'tempfail') session.transactionRefused();
      return verdict;
    };
    if (!(answer instanceof Promise)) return noted(answer as Verdict);
    return answer.then(noted, (error: unknown) => {
      // What was said before is still said when the client tries again.
      session.transactionRefused();
      throw error;
    });
  }

  rcpt(facts: RcptFacts): Answer {
    const { recipients, reversePath } = facts.transaction;
    const { address } = facts.recipient;
    const session = this.#sessionOf(facts);
    session.recipients++;
    const own = {
      SMTPMAILFROM: reversePath,
      SMTPRCPTTO: address,
      SMTPRCPTCOUNT: String(recipients.length),
      // This one is among them, as qmail-spp counts.
      SMTPRCPTCOUNTALL: String(session.recipients),
      SMTPRCPTHOSTSOK: facts.client.mayRelay || this.#acceptsDomain(domainOf(address)) ? '1' : '0',
    };
    session.lastRecipient = address;
    const answer = this.#ask('rcpt', facts, own);
    if (answer === goOn && session.suffix === '' && !session.isRelayTaken) return goOn;
    return Promise.resolve(answer).then((verdict) => this.#relayed(verdict, facts, session));
  }

  data(facts: MailFacts): Answer {
    const { reversePath, recipients } = facts.transaction;
    const session = this.#sessionOf(facts);
    return this.#ask('data', facts, {
      SMTPMAILFROM: reversePath,
      ...(session.lastRecipient !== undefined && { SMTPRCPTTO: session.lastRecipient }),
      SMTPRCPTCOUNT: String(recipients.length),
      SMTPRCPTCOUNTALL: String(session.recipients),
    });
  }

  /** A session that began before the stage was there has no state yet. */
  #sessionOf(facts: SessionFacts): SppSession {
    let session = this.#sessions.get(facts);
    if (session === undefined) this.#sessions.set(facts, (session = new SppSession()));
    return session;
  }

  #ask(section: SppSection, facts: SessionFacts, own: Record<string, string>): Answer {
    const session = this.#sessionOf(facts);
    session.turn++;
    const later =
      section === 'mail' || section === 'rcpt' || section === 'data' ? session.later.get(section) : undefined;
    if (later !== undefined) return refusal(later);
    const run: Run = { session, facts, section, own, edits: [], printed: [] };
    if (session.isOff) return goOnWith(endOf(run));
    const plugins = this.#control.content();
    if (plugins instanceof Promise) return plugins.then((known) => this.#runAll(known, run));
    return plugins[section].length === 0 ? goOnWith(endOf(run)) : this.#runAll(plugins, run);
  }

  /** What a command said before one of its plugins has failed counts for nothing: the client gives the command again. */
  async #runAll(plugins: SppPlugins, run: Run): Promise<Verdict> {
    const { session, section } = run;
    const restore = session.keep();
    const { turn } = session;
    try {
      const verdict = await this.#verdictOf(plugins[section], run, turn);
      const fault = verdictFault(verdict, pointOf[section]);
      if (fault !== undefined) throw new Error(fault);
      return verdict;
    } catch (error) {
      if (session.turn === turn) restore();
      throw error;
    }
  }

  async #verdictOf(plugins: readonly string[], run: Run, turn: number): Promise<Verdict> {
    const { session } = run;
    const untilMs = performance.now() + this.timeLimitMs;
    for (const plugin of plugins) {
      const commands = await this.#programs.run(plugin, run.facts, session, { own: run.own, untilMs });
      // The client was told that the stage is too late, and has gone on.
      if (session.turn !== turn) throw new Error('its answer came too late');
      for (const command of commands) {
        const verdict = carryOut(command, run);
        if (verdict === 'next') return goOnWith(endOf(run));
        if (verdict !== undefined) return verdict;
      }
      if (session.isOff) break;
    }
    return goOnWith(endOf(run));
  }

  /** The verdict on a recipient, as what plugins have said of RELAYCLIENT and of its address wants it. */
  #relayed(
    verdict: Verdict,
    { recipient, client }: RcptFacts,
    { suffix, isRelayTaken }: SppSession,
  ): Verdict {
    if (verdict.kind !== 'continue' && verdict.kind !== 'accept') return verdict;
    const { edits = [] } = verdict;
    const changed = edits.findLast(({ kind }) => kind === 'change-recipient');
    const address = changed?.kind === 'change-recipient' ? changed.address : recipient.address;
    const mayRelay =
      !isRelayTaken && (client.mayRelay || edits.some(({ kind }) => kind === 'set-client-rule'));
    // As qmail-smtpd does, the address of the client is judged, and not the one that a plugin has put in its place.
    const isAllowed = mayRelay || this.#acceptsDomain(domainOf(recipient.address));
    const isElsewhere = !this.#acceptsDomain(domainOf(address));
    if (verdict.kind === 'continue' && !isAllowed && (changed !== undefined || isRelayTaken))
      return refusal(relayingDenied);
    const isRedirected = changed !== undefined && isElsewhere && !mayRelay;
    const judged: Verdict = isRedirected ? { ...verdict, kind: 'accept' } : verdict;
    if (suffix === '') return judged;
    const appended = appendSuffix(address, suffix);
    if (appended === undefined) return refusal(cannotAppend);
    return { ...judged, edits: [...edits, { kind: 'change-recipient', address: appended }] };
  }
}

function whoVariables({ user, mechanism, client }: SessionFacts): Record<string, string> {
  return {
    ...(user !== undefined && { SMTPAUTHUSER: user.address }),
    ...(mechanism !== undefined && { SMTPAUTHMETHOD: mechanism }),
    ...(client.mayRelay && { RELAYCLIENT: client.rule?.relay ?? '' }),
  };
}
