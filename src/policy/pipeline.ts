// Asks stages, in order, and makes one decision of their verdicts. Promises: a stage that fails in any way becomes the answer that
// it names for this; with stages that answer at once, nothing is awaited and no object is made.

import { replaceUnprintableRuns } from '../values/unprintable.ts';
import { type Asker, isInAudience } from './audience.ts';
import { utf8Fault } from './check-envelope-values.ts';
import { verdictFault } from './check-verdict.ts';
import type { Decision, Member, Subject } from './decision.ts';
import { errorText } from './error-text.ts';
import { hasLeftLine, isBusy } from './in-turn.ts';
import { isInDoubt } from './message-in-doubt.ts';
import { PendingDecision } from './pending-decision.ts';
import { type Answer, type Facts, goOn, type Point, points, type Verdict } from './stage.ts';
import type { StageEntry } from './stage-entry.ts';
import type { StageReports } from './stage-watch.ts';
import { busy, failed, insteadOf, isSubstitute, reasonOf } from './substitutes.ts';
import { onlyResult, wouldHaveEnded } from './tested-stages.ts';

const usualTimeLimitMs = 30_000;

const goingOn: Decision = { kind: 'continue' };

const leftAlone = 'it is left alone after failures';

export class Pipeline {
  readonly #members: Readonly<Record<Point, readonly Member[]>>;
  readonly #watch: StageReports;
  readonly #routes: ReadonlySet<string> | undefined;

  /**
   * @param entries - in the order in which they are asked
   * @param tenant - whose mail it is for; undefined for the points before that is known, and for mail of all who have no stages of their own
   * @param routes - the names of routes that stages may choose
   */
  constructor(
    entries: readonly StageEntry[],
    tenant: string | undefined,
    watch: StageReports,
    routes?: ReadonlySet<string>,
  ) {
    this.#watch = watch;
    this.#routes = routes;
    const at = (point: Point) => entries.flatMap((entry) => membersOf(entry, tenant, point, watch));
    this.#members = Object.fromEntries(points.map((point) => [point, at(point)])) as Record<Point, Member[]>;
  }

  /** Is a stage asked at this point? */
  has(point: Point, subject: Asker & Pick<Subject, 'transaction'>): boolean {
    return this.#members[point].some(
      (member) => isAsked(member, subject) && isForItsQueues(member, subject, undefined),
    );
  }

  /** Asks the stages of a point. A decision that is not made at once is pending: see `PendingDecision.whenMade`. */
  decide(point: Point, subject: Subject): Decision | PendingDecision {
    return this.#run(point, subject, 0, undefined);
  }

  /** @param pending - what waits already for the decision; undefined: nothing has had to wait yet */
  #run(
    point: Point,
    subject: Subject,
    from: number,
    pending: PendingDecision | undefined,
  ): Decision | PendingDecision {
    const members = this.#members[point];
    let isAccepted = pending?.isAccepted === true;
    for (let at = from; at < members.length; at++) {
      const member = members[at] as Member;
      if ((isAccepted && !member.isAskedAfterAccept) || !isAsked(member, subject)) continue;
      if (member.tenants?.has(subject.transaction.tenant) === false) continue;
      if (!isForItsQueues(member, subject, point === 'rcpt' ? subject.recipient.address : undefined))
        continue;
      if (member.isTest && wouldHaveEnded(member.stage, point, subject)) continue;
      let answer: Answer;
      try {
        answer = this.#watch.isResting(member, point)
          ? insteadOf(member, point, leftAlone)
          : member.ask(subject);
      } catch (error) {
        answer = this.#failed(member, point, `it threw an error: ${errorText(error)}`, error);
      }
      if (answer === goOn) {
        this.#watch.worked(member, point);
        if (member.isTest) member.tally?.wouldHave('continue');
        else member.tally?.answered('continue');
        continue;
      }
      if (isPromise(answer)) {
        const wait = pending ?? this.#pend(point, subject);
        wait.isAccepted = isAccepted;
        const early = wait.await(member, at, answer);
        if (early === undefined) return wait;
        answer = early;
      }
      const decision = this.#take(member, point, subject, answer);
      if (decision === 'accepted') isAccepted = true;
      else if (decision !== undefined) return decision;
    }
    return goingOn;
  }

  #pend(point: Point, subject: Subject): PendingDecision {
    return new PendingDecision({
      deadlines: this.#watch.deadlines,
      fail: (member, why, error) => this.#failed(member, point, why, error),
      goOn: (wait, member, at, verdict) => {
        const decision = this.#take(member, point, subject, verdict);
        if (decision === 'accepted') wait.isAccepted = true;
        else if (decision !== undefined) return decision;
        return this.#run(point, subject, at + 1, wait);
      },
    });
  }

  /** @returns undefined when the next stage is to be asked; `accepted` when only those are that are asked even then */
  #take(member: Member, point: Point, subject: Subject, answer: Verdict): Decision | 'accepted' | undefined {
    const fault = this.#faultIn(answer, point, subject, member);
    const verdict = fault === undefined ? answer : this.#failed(member, point, fault);
    if (fault === undefined && !isSubstitute(answer)) {
      this.#watch.worked(member, point);
      if (member.isTest) {
        member.tally?.wouldHave(answer.kind);
        this.#watch.tested(member, point, subject, answer);
        return undefined;
      }
      member.tally?.answered(answer.kind);
    }
    switch (verdict.kind) {
      case 'continue':
        return undefined;
      case 'accept':
        return 'accepted';
      case 'quarantine':
        // In the place of an answer, it is not applied yet.
        if (fault !== undefined) subject.apply(member.stage, verdict, point);
        return undefined;
      case 'discard':
        return { kind: 'discard', reason: replaceUnprintableRuns(verdict.reason, ' '), stage: member.stage };
      case 'drop':
        return { kind: 'drop', stage: member.stage };
      case 'reject':
      case 'tempfail':
      case 'disconnect': {
        const { kind, reply } = verdict;
        const failure = reasonOf(verdict);
        return { kind, reply, stage: member.stage, ...(failure !== undefined && { failure }) };
      }
    }
  }

  /** Checks an answer and carries out what it changes. Returns what is wrong with it; then nothing was changed. */
  #faultIn(answer: Verdict, point: Point, subject: Subject, { stage, isTest }: Member): string | undefined {
    try {
      const fault = verdictFault(answer, point, this.#routes);
      if (fault !== undefined) return fault;
      const { kind } = answer;
      const isChange = kind === 'continue' || kind === 'accept' || kind === 'quarantine';
      if (!isChange) return undefined;
      const needsUtf8 = utf8Fault(answer.edits, subject);
      if (needsUtf8 !== undefined) return needsUtf8;
      return subject.apply(stage, isTest ? onlyResult(answer) : answer, point, isTest);
    } catch (error) {
      return `its answer cannot be read: ${errorText(error)}`; // an object with getters that throw
    }
  }

  /** Reports a failure. @returns the verdict that takes the place of the answer */
  #failed(member: Member, point: Point, why: string, error?: unknown): Verdict {
    if (hasLeftLine(error)) return member.isTest ? insteadOf(member, point, why) : busy(why);
    member.tally?.answered('failed');
    if (isBusy(error)) {
      if (member.isTest) {
        this.#watch.busy(member, point, why);
        return insteadOf(member, point, why);
      }
      this.#watch.busy({ ...member, onFailure: 'tempfail' }, point, why);
      return busy(why);
    }
    // What a test was about to change stays as it was.
    if (member.isTest || !isInDoubt(error)) {
      this.#watch.failed(member, point, why);
      return insteadOf(member, point, why);
    }
    this.#watch.failed({ ...member, onFailure: 'tempfail' }, point, why);
    return failed(why);
  }
}

function isAsked({ audience, isOn }: Member, session: Asker): boolean {
  if (isOn?.() === false) return false;
  return audience === undefined || isInAudience(audience, session);
}

/** @param address - of the recipient in question; undefined: any recipient of the message */
function isForItsQueues(
  { queues }: Member,
  subject: Pick<Subject, 'transaction'>,
  address: string | undefined,
): boolean {
  return queues === undefined || subject.transaction.isForQueue(queues, address);
}

function membersOf(
  entry: StageEntry,
  tenant: string | undefined,
  point: Point,
  watch: Pick<StageReports, 'tallyOf'>,
): Member[] {
  const { tenants, queues } = entry;
  if (queues !== undefined && points.indexOf(point) < points.indexOf('rcpt')) return [];
  if (tenants === undefined) return memberOf(entry, point, undefined, watch);
  if (tenant !== undefined) return tenants.includes(tenant) ? memberOf(entry, point, undefined, watch) : [];
  // While a message begins, the stages before this one say whose it is.
  return point === 'mail' ? memberOf(entry, point, new Set(tenants), watch) : [];
}

function memberOf(
  { stage, queues, isCounted = false, isTest = false }: StageEntry,
  point: Point,
  tenants: ReadonlySet<string> | undefined,
  watch: Pick<StageReports, 'tallyOf'>,
): Member[] {
  const method = stage[point] as ((facts: Facts) => Answer) | undefined;
  if (method === undefined) return [];
  return [
    {
      stage: stage.name,
      timeLimitMs: stage.timeLimitMs ?? usualTimeLimitMs,
      // The failure of a test changes nothing, either.
      onFailure: isTest ? 'continue' : (stage.onFailure ?? 'tempfail'),
      breaker: stage.breaker,
      audience: stage.audience,
      isAskedAfterAccept: stage.isAskedAfterAccept === true,
      isOn: stage.asksAt === undefined ? undefined : () => stage.asksAt?.(point) !== false,
      tenants,
      queues: queues === undefined ? undefined : new Set(queues),
      tally: isCounted ? watch.tallyOf(stage.name) : undefined,
      isTest,
      ask: (facts) => method.call(stage, facts),
    },
  ];
}

function isPromise(answer: Answer): answer is PromiseLike<Verdict> {
  try {
    return typeof (answer as Partial<PromiseLike<Verdict>> | null | undefined)?.then === 'function';
  } catch {
    return false; // whoever takes it for a verdict finds that it cannot be read
  }
}
