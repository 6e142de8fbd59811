// Cases of RFC 9989 and its appendix B.4: the result, the policy, the organizational domain, and the names that are asked for.
// They are read beside the project, where they lie.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Zone } from '../../sim/dns/zone.ts';
import { discoverPolicy, evaluateDmarc } from '../../src/dmarc/evaluate.ts';
import { TreeWalk } from '../../src/dmarc/tree-walk.ts';
import { zoneResolver } from '../dns/zone-resolver.ts';

interface SuiteCase {
  readonly name: string;
  readonly zone: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly exists?: readonly string[];
  readonly author: string;
  readonly spf: readonly string[];
  readonly dkim: readonly string[];
  readonly expect: {
    readonly result?: string;
    readonly policy?: string;
    readonly org?: string;
    readonly aligned?: readonly string[];
    readonly queries?: readonly string[];
  };
}

const suite = new URL('../../../shared/suites/dmarc/cases.json', import.meta.url);
if (existsSync(suite)) {
  const { cases } = JSON.parse(readFileSync(suite, 'utf8')) as { cases: readonly SuiteCase[] };
  for (const { name, zone: published, exists = [], author, spf, dkim, expect } of cases) {
    test(`DMARC suite: ${name}`, async () => {
      const zone: Zone = {
        ...Object.fromEntries(
          Object.entries(published).map(([owner, texts]) => [
            owner,
            { txt: texts.map((strings) => strings.join('')) },
          ]),
        ),
        ...Object.fromEntries(exists.map((existing) => [existing, { a: ['192.0.2.1'] }])),
      };
      const resolver = zoneResolver(zone);
      const uncertain = { spf: [], dkim: [] };
      const verdict = await evaluateDmarc(await discoverPolicy(author, resolver), { spf, dkim, uncertain });
      if (expect.queries !== undefined) {
        assert.deepEqual(
          resolver.asked,
          expect.queries.map((asked) => `TXT ${asked}`),
        );
      }
      const { result, policy, aligned } = verdict;
      for (const [key, got] of Object.entries({ result, policy })) {
        const wanted = expect[key as 'result' | 'policy'];
        if (wanted !== undefined) assert.equal(got, wanted, `${key}: ${verdict.reason}`);
      }
      if (expect.aligned !== undefined) assert.deepEqual(aligned, expect.aligned);
      if (expect.org === undefined) return;
      const organization = await new TreeWalk(zoneResolver(zone)).organization(author);
      assert.equal(organization.kind === 'found' ? organization.domain : organization.reason, expect.org);
    });
  }
} else {
  test('the cases of DMARC', { skip: `${suite.pathname} is not there` }, () => {});
}
