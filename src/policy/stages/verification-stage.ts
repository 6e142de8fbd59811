// Verifies mail of clients that have not logged in and may not relay: SPF, DKIM, DMARC, and the name of the client. It decides at MAIL
// whom it verifies, since a log-in comes before. Promises: one Authentication-Results field of ours stands on top, and none of
// somebody else with our id is left; a fault of the DNS is never a permanent refusal.

import type { Deadline, Deadlines } from '../../io/deadlines.ts';
import type { Events } from '../../log/events.ts';
import { type AggregatedMail, aggregatedMail } from '../../verification/aggregate-row.ts';
import { isReport } from '../../verification/is-report.ts';
import { forgedFields } from '../../verification/forged-results.ts';
import type { ClientFindings, Findings } from '../../verification/findings.ts';
import { type Lookups, LimitedLookups } from '../../verification/limited-lookups.ts';
import { MessageVerification } from '../../verification/message-verification.ts';
import { judge, judgeClient, type Judgement, mayRefuse, type Policy } from '../../verification/policy.ts';
import { refusalOf } from '../../verification/replies.ts';
import { clientResult, resultsField, stageResult, verifiedEvent, written } from '../../verification/told.ts';
import type { FieldEdit } from '../../message/editable-header.ts';
import {
  type Answer,
  type ContentFacts,
  goOn,
  type HeadersFacts,
  type MailFacts,
  type Stage,
  type TransactionFacts,
  type Verdict,
} from '../stage.ts';

/** @returns undefined where mail is not verified. @param tenant - empty for mail of no tenant */
export type VerificationRules = (
  listener: string,
  tenant: string,
) => { readonly policy: Policy; readonly isTest: boolean } | undefined;

export interface VerificationParts {
  readonly rules: VerificationRules;
  readonly lookups: Lookups;
  readonly deadlines: Pick<Deadlines, 'set' | 'clear'>;
  readonly events: Pick<Events, 'happened'>;
  /** Takes what is to be in reports of DMARC; undefined: none are made. */
  readonly aggregate?: ((mail: AggregatedMail) => void) | undefined;
  /** For Authentication-Results. */
  readonly authservId: string;
  readonly hostname: string;
  /** Whose ARC chains are believed; undefined: ARC is not looked at. */
  readonly isTrustedSealer: ((domain: string) => boolean) | undefined;
  /** A stage after it asks at DATA what is known of the client by then. */
  readonly tellsAtData?: boolean | undefined;
  /** For the look-ups at MAIL together, for those that the header asks for, and for those that are left at the end. */
  readonly timeLimitMs: number;
  /** Unix time. */
  readonly nowMs: () => number;
}

/** The work that is left when all look-ups have ended: reading and hashing the message. */
const workMs = 60_000;

/** The verification of a message that is coming in. */
interface Underway {
  readonly verification: MessageVerification;
  readonly policy: Policy;
  readonly isTest: boolean;
  /** For SPF and the name of the client. */
  readonly clientLimit: TimeLimit;
  /** For keys and DMARC. */
  readonly messageLimit: TimeLimit;
}

export class VerificationStage implements Stage {
  readonly name = 'verification';
  /** Whoever is authenticated or may relay is signed for, and everybody else is verified. */
  readonly audience = 'strangers';
  readonly timeLimitMs: number;
  readonly #parts: VerificationParts;
  readonly #underway = new WeakMap<TransactionFacts, Underway>();

  constructor(parts: VerificationParts) {
    this.#parts = parts;
    this.timeLimitMs = parts.timeLimitMs + workMs;
  }

  mail(facts: MailFacts): Verdict {
    const { client, listener, transaction, helo } = facts;
    const { rules, lookups, deadlines, hostname, timeLimitMs, nowMs } = this.#parts;
    const inForce = rules(listener.name, transaction.tenant);
    if (inForce === undefined) return goOn;
    const clientLimit = new TimeLimit(lookups, timeLimitMs);
    const messageLimit = new TimeLimit(lookups, timeLimitMs);
    const verification = new MessageVerification(
      {
        client: client.frontEnd?.knowsClient === false ? '' : client.address,
        helo,
        reversePath: transaction.reversePath,
        receiver: hostname,
        nowSeconds: Math.floor(nowMs() / 1000),
      },
      clientLimit.lookups,
      this.#parts.isTrustedSealer,
    );
    clientLimit.begin(deadlines);
    this.#underway.set(transaction, { verification, clientLimit, messageLimit, ...inForce });
    return goOn;
  }

  /** RFC 7208 2.4: the result of SPF is known before the content. Nobody waits for it unless it may refuse the message, or another stage asks for it. */
  data(facts: MailFacts): Answer {
    const underway = this.#underway.get(facts.transaction);
    if (underway === undefined) return goOn;
    const { policy, isTest, verification } = underway;
    const isJudged = !isTest && mayRefuse(policy, 'client');
    if (!isJudged && this.#parts.tellsAtData !== true) return goOn;
    return verification.client.then((findings) => {
      const refused = isJudged ? this.#refusal(facts, findings, judgeClient(findings, policy)) : undefined;
      if (refused !== undefined || this.#parts.tellsAtData !== true) return refused ?? goOn;
      return { kind: 'continue', result: clientResult(findings) };
    });
  }

  /** Without a signature, what DMARC says is known before the body is taken. */
  headers(facts: HeadersFacts): Answer {
    const underway = this.#underway.get(facts.transaction);
    if (underway === undefined) return goOn;
    const { verification, policy, isTest, messageLimit } = underway;
    messageLimit.begin(this.#parts.deadlines);
    verification.header(facts.header.fields, facts.header.strayLines, messageLimit.lookups);
    if (verification.needsBody) facts.followBody((piece) => verification.body(piece));
    if (isTest || verification.needsBody || !mayRefuse(policy, 'message')) return goOn;
    return verification.end().then((findings) => {
      const refused = this.#refusal(facts, findings, judge(findings, policy));
      if (refused?.kind === 'reject') this.#aggregate(facts, findings, underway);
      return refused ?? goOn;
    });
  }

  content(facts: ContentFacts): Answer {
    const underway = this.#underway.get(facts.transaction);
    if (underway === undefined) return goOn;
    return this.#verify(facts, underway);
  }

  async #verify(facts: ContentFacts, underway: Underway): Promise<Verdict> {
    const { verification, policy, isTest, clientLimit, messageLimit } = underway;
    const { deadlines } = this.#parts;
    // What DMARC compares at the end may need further look-ups, however long the body took.
    messageLimit.begin(deadlines);
    const findings = await verification.end();
    deadlines.clear(clientLimit);
    deadlines.clear(messageLimit);
    const judgement = judge(findings, policy);
    if (!isTest) {
      const refused = this.#refusal(facts, findings, judgement);
      if (refused?.kind === 'reject') this.#aggregate(facts, findings, underway);
      if (refused !== undefined) return refused;
    }
    const { authservId, events } = this.#parts;
    const forged = forgedFields(facts.header, authservId);
    if (forged.kind === 'too-many' && !isTest) return { kind: 'reject', reply: forged.reply };
    const field = resultsField(findings, policy, authservId, isTest ? judgement : undefined);
    const edits: FieldEdit[] = [
      ...(forged.kind === 'none' ? [] : forged.edits),
      // RFC 8601 5: on top, also of our Received field.
      { kind: 'insert-field', at: 0, name: 'Authentication-Results', value: field },
    ];
    const { queueId, reversePath } = facts.transaction;
    if (!facts.isTrial)
      events.happened('verified', verifiedEvent(findings, judgement, isTest, queueId, reversePath));
    this.#aggregate(facts, findings, underway);
    const result = stageResult(findings, judgement);
    return judgement.action === 'quarantine' && !isTest
      ? { kind: 'quarantine', reason: `verification: ${written(judgement, findings)}`, edits, result }
      : { kind: 'continue', edits, result };
  }

  /** A message that is refused for now comes again, and is counted then. */
  #aggregate(
    { header, transaction, isTrial }: HeadersFacts,
    findings: Findings,
    { policy, isTest }: Underway,
  ): void {
    const { aggregate } = this.#parts;
    if (aggregate === undefined || isTrial) return;
    // Two hosts would report to each other about each other's reports for ever. One that does not pass may be forged.
    if (findings.dmarc.result === 'pass' && isReport(header.fields)) return;
    const mail = aggregatedMail(findings, policy, isTest, transaction.reversePath);
    if (mail !== undefined) aggregate(mail);
  }

  #refusal(
    { transaction, isTrial }: MailFacts,
    findings: ClientFindings & Partial<Findings>,
    judgement: Judgement,
  ): Verdict | undefined {
    const { action, key } = judgement;
    if ((action !== 'reject' && action !== 'tempfail') || key === undefined) return undefined;
    const { queueId, reversePath } = transaction;
    if (!isTrial)
      this.#parts.events.happened(
        'verified',
        verifiedEvent(findings, judgement, false, queueId, reversePath),
      );
    return { kind: action, reply: refusalOf(action, key, findings) };
  }
}

/**
 * Look-ups, and their end when they take too long or the client has given up. The time is counted from where they are asked for, and not
 * from MAIL alone: else a client that waits would have every later result be an error, and DMARC would refuse nobody who does.
 */
class TimeLimit implements Deadline {
  atMs = Infinity;
  bucket = -1;
  readonly lookups: LimitedLookups;
  readonly #afterMs: number;

  constructor(lookups: Lookups, afterMs: number) {
    this.lookups = new LimitedLookups(lookups);
    this.#afterMs = afterMs;
  }

  /** The time begins now, also where it has been over. */
  begin(deadlines: VerificationParts['deadlines']): void {
    deadlines.clear(this);
    this.lookups.resume();
    deadlines.set(this, this.#afterMs);
  }

  expired(): void {
    this.lookups.stop(`no answer within the ${Math.round(this.#afterMs / 1000)} s that the look-ups have`);
  }
}
