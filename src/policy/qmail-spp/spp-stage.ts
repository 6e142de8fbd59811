// Plugins of qmail-spp, unchanged, as a stage: programs that are run at a command of a client, and say by what they print what becomes of it.
// Promises: a plugin that fails, hangs or prints what nobody can understand is a failure of the stage, never a refusal for good.

import { appendSuffix } from '../../address/append-suffix.ts';
import { domainOf } from '../../address/domain.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import type { FollowedFile } from '../followed-file.ts';
import {
  type Answer,
  type Audience,
  type Breaker,
  type Edit,
  type FailureAnswer,
  goOn,
  type MailFacts,
  type RcptFacts,
  type SessionFacts,
  type Stage,
  type Verdict,
} from '../stage.ts';
import type { SppPlugins, SppSection } from './control-file.ts';
import type { SppCommand } from './plugin-output.ts';
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

/** A run of the plugins of one command. */
interface Run {
  readonly session: SppSession;
  readonly facts: SessionFacts;
  readonly section: SppSection;
  /** Variables about the command. */
  readonly own: Record<string, string>;
  readonly edits: Edit[];
}

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
    session.isOff = facts.client.rule?.variables['NOSPP'] !== undefined;
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
    return answer instanceof Promise ? answer.then(noted) : noted(answer as Verdict);
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
      SMTPRCPTCOUNTALL: String(session.recipients - 1),
      ...(this.#acceptsDomain(domainOf(address)) && { SMTPRCPTHOSTSOK: '1' }),
    };
    const answer = this.#ask('rcpt', facts, own);
    const { suffix, isRelayTaken } = session;
    if (answer === goOn && suffix === '' && !isRelayTaken) return goOn;
    return Promise.resolve(answer).then((verdict) => this.#relayed(verdict, facts, session));
  }

  data(facts: MailFacts): Answer {
    const { reversePath, recipients } = facts.transaction;
    const session = this.#sessionOf(facts);
    return this.#ask('data', facts, {
      SMTPMAILFROM: reversePath,
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
    const later =
      section === 'mail' || section === 'rcpt' || section === 'data' ? session.later.get(section) : undefined;
    if (later !== undefined) return refusal(later);
    const run: Run = { session, facts, section, own, edits: [] };
    if (session.isOff) return goOnWith(this.#end(run));
    const plugins = this.#control.content();
    if (plugins instanceof Promise) return plugins.then((known) => this.#runAll(known, run));
    return plugins[section].length === 0 ? goOnWith(this.#end(run)) : this.#runAll(plugins, run);
  }

  /** Fields that were said before the message go into it now. */
  #end({ session, section, edits }: Run): readonly Edit[] {
    if (section === 'mail' || section === 'rcpt' || section === 'data') {
      for (const { name, value } of session.takeFields()) {
        // Right below our own Received field, in their order.
        edits.push({ kind: 'insert-field', at: ++session.fieldCount, name, value });
      }
    }
    return edits;
  }

  async #runAll(plugins: SppPlugins, run: Run): Promise<Verdict> {
    const { session, section } = run;
    for (const plugin of plugins[section]) {
      for (const command of await this.#programs.run(plugin, run.facts, session, run.own)) {
        const verdict = this.#carryOut(command, run);
        if (verdict === 'next') return goOnWith(this.#end(run));
        if (verdict !== undefined) return verdict;
      }
      if (session.isOff) break;
    }
    return goOnWith(this.#end(run));
  }

  /** @returns `next` when no other plugin is to be run for this command; undefined to go on */
  #carryOut(command: SppCommand, run: Run): Verdict | 'next' | undefined {
    const { session, section, edits, own } = run;
    switch (command.kind) {
      case 'plugins-off':
        session.isOff = true;
        return 'next';
      case 'next':
        return 'next';
      case 'accept': {
        if (section !== 'mail' && section !== 'rcpt') return 'next';
        return { kind: 'accept', edits: this.#end(run) };
      }
      case 'refuse':
        return refusal(command.reply);
      case 'disconnect':
        return { kind: 'disconnect', reply: command.reply };
      case 'drop':
        return { kind: 'drop' };
      case 'refuse-later':
        session.later.set(command.at, command.reply);
        return undefined;
      case 'variable':
        this.#setVariable(command.name, command.value, run);
        return undefined;
      case 'header':
        session.fields.push(command);
        return undefined;
      case 'address':
        if (section === 'mail') edits.push({ kind: 'change-sender', address: command.address });
        if (section === 'rcpt') edits.push({ kind: 'change-recipient', address: command.address });
        if (section === 'mail') own['SMTPMAILFROM'] = command.address;
        if (section === 'rcpt') own['SMTPRCPTTO'] = command.address;
        return undefined;
      case 'print':
        edits.push({ kind: 'reply-line', text: command.text });
        return undefined;
    }
  }

  /** A variable is for later plugins; RELAYCLIENT is for the server, too. */
  #setVariable(name: string, value: string | undefined, { session, section, facts, edits }: Run): void {
    const variables = (session.variables ??= {});
    if (value === undefined) delete variables[name];
    else variables[name] = value;
    if (name !== 'RELAYCLIENT') return;
    session.isRelayTaken = value === undefined;
    session.suffix = value ?? '';
    if (value === undefined || section === 'data' || facts.client.mayRelay) return;
    const { rule } = facts.client;
    const usual = { who: '', maxMessageBytes: undefined, variables: {} };
    edits.push({ kind: 'set-client-rule', rule: { ...usual, ...rule, relay: '' } });
  }

  /** The verdict on a recipient, as what plugins have said of RELAYCLIENT wants it. */
  #relayed(verdict: Verdict, { recipient }: RcptFacts, { suffix, isRelayTaken }: SppSession): Verdict {
    if (verdict.kind !== 'continue' && verdict.kind !== 'accept') return verdict;
    const { edits = [] } = verdict;
    const changed = edits.findLast(({ kind }) => kind === 'change-recipient');
    const address = changed?.kind === 'change-recipient' ? changed.address : recipient.address;
    if (isRelayTaken && verdict.kind === 'continue' && !this.#acceptsDomain(domainOf(address))) {
      return refusal(relayingDenied);
    }
    if (suffix === '') return verdict;
    const appended = appendSuffix(address, suffix);
    if (appended === undefined) return refusal(cannotAppend);
    return { ...verdict, edits: [...edits, { kind: 'change-recipient', address: appended }] };
  }
}

function whoVariables({ user, mechanism, client }: SessionFacts): Record<string, string> {
  return {
    ...(user !== undefined && { SMTPAUTHUSER: user.address }),
    ...(mechanism !== undefined && { SMTPAUTHMETHOD: mechanism }),
    ...(client.mayRelay && { RELAYCLIENT: client.rule?.relay ?? '' }),
  };
}

function goOnWith(edits: readonly Edit[]): Verdict {
  return edits.length === 0 ? goOn : { kind: 'continue', edits };
}

function refusal(reply: Reply): Verdict {
  return { kind: reply.code >= 500 ? 'reject' : 'tempfail', reply };
}
