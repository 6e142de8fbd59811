// Operators' questions and changes about limits: explain, limits, and overrides with their targets looked up.

import { ControlError } from '../control/control-error.ts';
import type { ExplainAnswer, ExplainQuestion } from '../control/operations/explain.ts';
import type { LimitsAnswer, LimitsQuestion } from '../control/operations/limits.ts';
import type { OverrideChange, OverrideEnd, OverrideEndAnswer } from '../control/operations/overrides.ts';
import type { Override } from '../control/override.ts';
import { formatTarget, type OverrideTarget, parseTarget } from '../control/override-target.ts';
import { parseDomain } from '../values/domain.ts';
import { ValueError } from '../values/value-error.ts';
import { refusalText } from '../message/refusal-text.ts';
import { planRefusal } from '../route/outcome.ts';
import type { Scheduler } from '../schedule/types.ts';
import type { Explainer } from './explain.ts';
import type { NamedTarget, Overrides } from './overrides.ts';
import type { RouterInForce } from './ports.ts';
import { tenantUnknown } from './tenant-unknown.ts';
import { isSiteKey } from '../route/site.ts';

export interface LimitOperationsParts {
  readonly scheduler: Scheduler;
  readonly explainer: Explainer;
  readonly overrides: Overrides;
  readonly routing: RouterInForce;
  /** Names of the configured tenants. */
  readonly tenants: () => readonly string[];
  /** Scheduler time. */
  readonly nowMs: () => number;
}

export class LimitOperations {
  readonly #parts: LimitOperationsParts;

  constructor(parts: LimitOperationsParts) {
    this.#parts = parts;
  }

  explain(question: ExplainQuestion): Promise<ExplainAnswer> {
    return this.#parts.explainer.explain(question);
  }

  limits({ most }: LimitsQuestion): Promise<LimitsAnswer> {
    const { scheduler, overrides } = this.#parts;
    return Promise.resolve({
      limits: scheduler.limits(most, this.#parts.nowMs()),
      overrides: overrides.list,
    });
  }

  overrides(): Promise<readonly Override[]> {
    return Promise.resolve(this.#parts.overrides.list);
  }

  /** @throws {ControlError} `SITE_UNKNOWN`, `TENANT_UNKNOWN`: then nothing has changed */
  async setOverrides({ targets, ...change }: OverrideChange): Promise<readonly Override[]> {
    const named = await Promise.all(targets.map((each) => this.#named(parseTarget(each))));
    return this.#parts.overrides.set(change, uniqueOf(named));
  }

  async unsetOverrides({ kind, targets }: OverrideEnd): Promise<OverrideEndAnswer> {
    const wanted = await Promise.all(targets.map((each) => this.#existing(parseTarget(each))));
    return this.#parts.overrides.unset({ kind }, wanted);
  }

  async #named(target: OverrideTarget): Promise<NamedTarget> {
    if (target.kind === 'site') {
      const { site, label } = await this.#siteOf(target.site);
      return { target: formatTarget({ kind: 'site', site }), label };
    }
    if (target.kind === 'tenant') this.#checkTenant(target.name);
    return { target: formatTarget(target), label: '' };
  }

  /** Does not check tenants: an override can be taken back when its tenant is no longer configured. */
  async #existing(target: OverrideTarget): Promise<string> {
    return target.kind === 'site' ? (await this.#named(target)).target : formatTarget(target);
  }

  #checkTenant(name: string): void {
    const tenants = this.#parts.tenants();
    if (tenants.includes(name)) return;
    throw tenantUnknown(name, tenants);
  }

  /** A site by its key, by its label (its hosts), or by a domain whose mail goes there. */
  async #siteOf(text: string): Promise<{ readonly site: string; readonly label: string }> {
    const known = this.#parts.scheduler.sites().find(({ site, label }) => site === text || label === text);
    if (known !== undefined) return known;
    const named = this.#parts.overrides.list.find(
      ({ target, label }) => target === `site:${text}` || (label === text && label !== ''),
    );
    if (named !== undefined) return { site: named.target.slice('site:'.length), label: named.label };
    if (isSiteKey(text)) return { site: text, label: '' };
    const domain = domainOrNone(text);
    if (domain === undefined) {
      throw siteUnknown(text, 'it is neither the key nor the hosts of a site at work, and not a domain');
    }
    const { router } = this.#parts.routing;
    const plan = await router.resolve(router.routeOf('', `x@${domain}`).key);
    if (plan.kind === 'relay') return plan;
    throw siteUnknown(text, `looking it up: ${refusalText(planRefusal(plan))}`);
  }
}

function uniqueOf(targets: readonly NamedTarget[]): NamedTarget[] {
  return [...new Map(targets.map((each) => [each.target, each])).values()];
}

function domainOrNone(text: string): string | undefined {
  try {
    return parseDomain(text);
  } catch (error) {
    if (error instanceof ValueError) return undefined;
    throw error;
  }
}

function siteUnknown(text: string, why: string): ControlError {
  return new ControlError(
    'SITE_UNKNOWN',
    `Which site is "${text}"? ${why}.`,
    'Name a domain whose mail goes there, e.g. site:example.com, or a site that "sluice status --json" shows.',
  );
}
