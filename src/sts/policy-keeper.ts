// Knows the MTA-STS policies of recipient domains (RFC 8461): looks for them, keeps them for their lifetime, and fetches them
// again. Promises:
//
// 1. A known policy is answered at once. What has to be looked at goes on beside that: a new `id` in the DNS, the daily refresh.
// 2. Without a known policy the answer waits for the fetch, because mail would go out unprotected otherwise. When a fetch has
//    failed, the next ones for this domain are not waited for, so that a policy server that hangs delays the first mail only.
// 3. A policy that is known stays until its end, whatever fails or is gone meanwhile: the record, the DNS, the server
//    (RFC 8461 5.1 and 10.2). Only a policy that was fetched replaces it, and one with `mode: none` ends it.
//
// The resolver and the authorities are those of the configuration in force; the keeper lasts over reloads.

import { RecentMap } from '../dns/recent-map.ts';
import type { Timer } from '../io/timers.ts';
import type { StsAnswer, StsPolicies } from '../values/sts-policies.ts';
import { FetchLine } from './fetch-line.ts';
import type {
  DomainSts,
  PolicyFailure,
  PolicyKeeperParts,
  PolicyRenewal,
  StsSource,
} from './keeper-types.ts';
import { type KnownPolicy, policyEndsAtMs } from './known-policies.ts';
import { type FoundRecord, lookUpRecord } from './look-up-record.ts';
import { fitsMx } from './mx-match.ts';
import { maxDomains, PolicyMemory } from './policy-memory.ts';
import { answerOf, noPolicy, shownMx } from './sts-answer.ts';
import type { StsPolicy } from './sts-policy.ts';

const dayMs = 86_400_000;
/** RFC 8461 3.3 suggests five minutes without another attempt after a failed one. */
const failureMs = 300_000;
/** While something is looked at beside the answer, it is worth asking again this soon. */
const soonSeconds = 30;
/** A domain without a record is not looked at again before this. */
const leastNoneSeconds = 300;
/** How often it is looked which policies are due. */
const lookMs = 60_000;
/** A policy that no mail has used for this long is not refreshed any more. */
const unusedMs = 30 * dayMs;
const lineBounds = { atOnce: 100, refreshesAtOnce: 20, hangingMs: 5_000, hanging: 1_000, waiting: 10_000 };

export class PolicyKeeper implements StsPolicies {
  readonly #parts: PolicyKeeperParts;
  readonly #known: PolicyMemory;
  readonly #failures = new RecentMap<string, PolicyFailure>(maxDomains);
  /** The `id` of a policy that says `mode: none`, and until when it is not fetched again (Unix ms). */
  readonly #renounced = new RecentMap<string, { readonly id: string; readonly untilMs: number }>(maxDomains);
  readonly #underWay = new Map<string, Promise<StsAnswer>>();
  readonly #line: FetchLine;
  #source: StsSource | undefined;
  #timer: Timer | undefined;

  constructor(parts: PolicyKeeperParts) {
    this.#parts = parts;
    this.#known = new PolicyMemory(parts);
    this.#line = new FetchLine({ timers: parts.timers, ...lineBounds });
  }

  /** Takes what a configuration asks and trusts; undefined: no policy is looked for any more, and known ones are kept. */
  use(source: StsSource | undefined): void {
    this.#source = source;
    // What was begun for the earlier configuration says nothing any more: who comes now begins anew.
    this.#underWay.clear();
    if (source === undefined) this.close();
    else this.#timer ??= this.#parts.timers.setInterval(() => this.#refreshDue(), lookMs).unref();
  }

  close(): void {
    this.#parts.timers.clear(this.#timer);
    this.#timer = undefined;
  }

  fits(mx: readonly string[], host: string): boolean {
    return fitsMx(mx, host);
  }

  policyOf(domain: string): StsAnswer | Promise<StsAnswer> {
    const source = this.#source;
    if (source === undefined) return noPolicy(soonSeconds);
    const known = this.#known.of(domain);
    if (known === undefined) return this.#once(domain, () => this.#find(source, domain));
    this.#known.use(known);
    const restMs = this.#known.lookedUntilMs(domain) - this.#parts.dateMs();
    if (restMs > 0) return answerOf(known, Math.ceil(restMs / 1000));
    void this.#once(domain, () => this.#lookAgain(source, domain, known));
    return answerOf(known, soonSeconds);
  }

  /** What is known about a domain, without asking anybody. */
  about(domain: string): DomainSts {
    const known = this.#known.of(domain);
    return {
      known,
      endsAtMs: known && policyEndsAtMs(known),
      failure: this.#failures.get(domain),
    };
  }

  /** What the DNS says about a domain's policy; undefined when no policies are looked for. */
  recordOf(domain: string): Promise<FoundRecord> | undefined {
    return this.#source && lookUpRecord(this.#source.resolver, domain);
  }

  /** The MX hosts of a domain, and whether its known policy allows them. */
  async hostsOf(domain: string): Promise<readonly { readonly host: string; readonly fits: boolean }[]> {
    const mx = this.#known.of(domain)?.policy.mx;
    if (mx === undefined || this.#source === undefined) return [];
    const hosts = await this.#source.hostsOf(domain);
    return hosts.map((host) => ({ host, fits: fitsMx(mx, host) }));
  }

  /** The policy that routing would get now, without asking anybody; undefined: none, or no policies are looked for. */
  current(domain: string): KnownPolicy | undefined {
    return this.#source && this.#known.of(domain);
  }

  /** Whether policies are looked for. */
  get isOn(): boolean {
    return this.#source !== undefined;
  }

  /**
   * Fetches the policy of a domain anew, because an operator asks for it. Until there is another one the known one stays, or an attacker
   * would only have to wait for that (RFC 8461 10.2). It ends without another one where the domain has no record any more.
   */
  async renew(domain: string): Promise<PolicyRenewal> {
    this.#failures.delete(domain);
    this.#renounced.delete(domain);
    const source = this.#source;
    const before = this.#known.of(domain);
    if (before === undefined) return 'none known';
    const record = source && (await lookUpRecord(source.resolver, domain));
    if (this.#source !== source) return 'kept';
    if (source === undefined || record === undefined || (record.kind === 'none' && record.reason === '')) {
      this.#known.forget(domain);
      return 'forgotten';
    }
    if (record.kind === 'record') await this.#line.fetch(() => this.#fetch(source, domain, record.id));
    const after = this.#known.of(domain);
    if (after === undefined) return 'forgotten';
    return after.policy === before.policy ? 'kept' : 'replaced';
  }

  /** Policies to keep over a restart. */
  snapshot(): readonly KnownPolicy[] {
    return this.#known.snapshot();
  }

  restore(policies: readonly KnownPolicy[]): void {
    this.#known.restore(policies);
  }

  /** One look at a domain at a time; who comes meanwhile gets its answer. */
  #once(domain: string, look: () => Promise<StsAnswer>): Promise<StsAnswer> {
    const underWay = this.#underWay.get(domain);
    if (underWay !== undefined) return underWay;
    const begun = look()
      .catch((error: unknown) => {
        this.#parts.log.error(`looking for the MTA-STS policy of ${domain} failed: ${String(error)}`);
        return noPolicy(soonSeconds);
      })
      .finally(() => {
        if (this.#underWay.get(domain) === begun) this.#underWay.delete(domain);
      });
    this.#underWay.set(domain, begun);
    return begun;
  }

  /** Looks for a policy that is not known. */
  async #find(source: StsSource, domain: string): Promise<StsAnswer> {
    const before = this.#failures.get(domain);
    const restMs = (before?.untilMs ?? 0) - this.#parts.dateMs();
    if (restMs > 0) return noPolicy(Math.ceil(restMs / 1000));
    const record = await lookUpRecord(source.resolver, domain);
    // Most domains have no policy: a plan of theirs lives no shorter than it would without this question.
    if (record.kind === 'none') return noPolicy(Math.max(leastNoneSeconds, record.ttlSeconds));
    if (record.kind === 'failed') {
      // RFC 8461 3.1: without a record there is no policy to be found. Of an outage of all name servers the mail waits anyway.
      if (!record.isOutage && this.#source === source) this.#noteFailure(domain, 'record', record.reason);
      return noPolicy(soonSeconds);
    }
    const { id } = record;
    const renounced = this.#renounced.get(domain);
    const renouncedMs = (renounced?.untilMs ?? 0) - this.#parts.dateMs();
    if (renounced?.id === id && renouncedMs > 0) return noPolicy(Math.ceil(renouncedMs / 1000));
    const fetching = this.#line.fetch(() => this.#fetch(source, domain, id));
    // The policy server has failed before: mail does not wait for it again.
    if (before !== undefined && before.at !== 'record') {
      void fetching;
      return noPolicy(soonSeconds);
    }
    await fetching;
    const known = this.#known.of(domain);
    return known === undefined ? noPolicy(soonSeconds) : answerOf(known, record.ttlSeconds);
  }

  /** Looks whether the DNS names another policy than the known one; then that is fetched. */
  async #lookAgain(source: StsSource, domain: string, known: KnownPolicy): Promise<StsAnswer> {
    const record = await lookUpRecord(source.resolver, domain);
    const now = this.#parts.dateMs();
    const isNew = record.kind === 'record' && record.id !== known.id;
    if (isNew && (this.#failures.get(domain)?.untilMs ?? 0) <= now) {
      await this.#line.fetch(() => this.#fetch(source, domain, record.id));
    } else {
      // RFC 8461 5.1: a record that is gone, or a failed look-up, does not end a policy.
      const ttlSeconds = isNew || record.kind === 'failed' ? 0 : record.ttlSeconds;
      this.#known.lookedUntil(domain, now + Math.max(soonSeconds, ttlSeconds) * 1000);
    }
    const present = this.#known.of(domain);
    return present === undefined ? noPolicy(soonSeconds) : answerOf(present, soonSeconds);
  }

  /** Fetches a policy and takes it over. */
  async #fetch(source: StsSource, domain: string, id: string): Promise<void> {
    const fetched = await source.fetch(domain);
    // A reload ends what the earlier configuration had begun, which says nothing about the domain.
    if (this.#source !== source) return;
    if (fetched.kind === 'fetched') this.#learn(domain, id, fetched.policy);
    else {
      this.#noteFailure(domain, fetched.result, fetched.reason);
      this.#parts.failed(domain, fetched);
    }
  }

  #learn(domain: string, id: string, policy: StsPolicy): void {
    const { log, dateMs } = this.#parts;
    const now = dateMs();
    const before = this.#known.of(domain);
    this.#failures.delete(domain);
    const { mode, maxAgeSeconds } = policy;
    if (mode === 'none') {
      const untilMs = now + Math.min(dayMs, Math.max(failureMs, maxAgeSeconds * 1000));
      this.#renounced.set(domain, { id, untilMs });
      if (this.#known.forget(domain))
        log.info(`${domain} has ended its MTA-STS policy (mode none, id ${id})`);
      return;
    }
    const known = {
      domain,
      id,
      policy: { ...policy, mode },
      fetchedAtMs: now,
      usedAtMs: before?.usedAtMs ?? now,
    };
    this.#known.learn(known);
    this.#known.lookedUntil(domain, now + soonSeconds * 1000);
    if (before?.id !== id || before.policy.mode !== mode) {
      log.info(`MTA-STS policy of ${domain}: mode ${mode}, id ${id}, mx ${shownMx(policy.mx)}`);
    }
  }

  #noteFailure(domain: string, at: PolicyFailure['at'], reason: string): void {
    const { log, dateMs, random } = this.#parts;
    const atMs = dateMs();
    this.#failures.set(domain, { at, reason, atMs, untilMs: atMs + failureMs });
    const known = this.#known.of(domain);
    if (known === undefined) {
      log.debug(`no MTA-STS policy of ${domain} can be had: ${reason}`);
      return;
    }
    this.#known.refreshAt(domain, atMs + failureMs * (1 + random() * 11));
    log.info(
      `the MTA-STS policy of ${domain} cannot be fetched, and that of ${new Date(known.fetchedAtMs).toISOString()} stays: ${reason}`,
    );
  }

  #refreshDue(): void {
    const source = this.#source;
    if (source === undefined) return;
    const now = this.#parts.dateMs();
    for (const known of this.#known.snapshot()) {
      const { domain } = known;
      if (this.#known.of(domain) === undefined || now - known.usedAtMs > unusedMs) continue;
      if (
        !this.#known.isDue(known) ||
        (this.#failures.get(domain)?.untilMs ?? 0) > now ||
        this.#underWay.has(domain)
      )
        continue;
      if (!this.#line.hasRoomToRefresh) return;
      void this.#once(domain, () => this.#refresh(source, known));
    }
  }

  async #refresh(source: StsSource, known: KnownPolicy): Promise<StsAnswer> {
    const { domain } = known;
    await this.#line.refresh(async () => {
      const record = await lookUpRecord(source.resolver, domain);
      if (record.kind === 'record') await this.#fetch(source, domain, record.id);
      // RFC 8461 3.1: without a record no policy is looked for, so the known one is neither refreshed nor ended.
      else if (this.#source === source) {
        this.#known.refreshAt(domain, this.#parts.dateMs() + failureMs * (1 + this.#parts.random() * 11));
      }
    });
    const present = this.#known.of(domain);
    return present === undefined ? noPolicy(soonSeconds) : answerOf(present, soonSeconds);
  }
}
