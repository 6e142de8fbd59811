// What `sluice explain` prints of mail that makes no progress.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainText } from '../../src/cli/explain-text.ts';
import type { ExplainAnswer } from '../../src/control/operations/explain.ts';

const answer: ExplainAnswer = {
  address: 'joe@far.test',
  sender: '',
  route: { name: '', target: 'the MX of far.test', plugins: [] },
  refusal: undefined,
  validUntilMs: 0,
  explanation: {
    route: 'mx:far.test',
    domain: 'far.test',
    tenant: '',
    recipients: { waiting: 0, ready: 1, active: 0 },
    site: 'mx:mx.far.test',
    label: 'mx.far.test',
    limits: [],
    places: [],
    binding: [],
  },
  logins: [],
  served: [],
  tenants: [],
  carries: undefined,
  rules: [],
  overrides: [],
};

test('mail that makes no progress, and nothing explains it, stands before the next attempt', () => {
  const alarms = ['Message A1 to far.test has been ready for over 15 minutes, and nothing is in its way.'];
  assert.match(
    explainText({ ...answer, alarms }, 0),
    /\nIn the way {4}.*\nNo progress {3}Message A1 to far\.test has been ready .*\nNext attempt/u,
  );
  assert.doesNotMatch(explainText(answer, 0), /No progress/u);
});
