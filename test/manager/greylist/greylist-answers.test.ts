// What operators are told when they ask the greylist for what cannot be.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  GreylistAnswers,
  type GreylistAnswersParts,
} from '../../../src/manager/greylist/greylist-answers.ts';

type StageConfig = ReturnType<GreylistAnswersParts['stages']>[number];

const answers = new GreylistAnswers({
  thread: { carryOut: () => assert.fail('nothing is carried out') },
  clock: { nowMs: () => 0, shownOf: (ms) => ms },
  log: { info: () => assert.fail('nothing is told') },
  stages: () => [{ name: 'greylist', networkIpv4: 24, networkIpv6: 64 } as StageConfig],
});

for (const [network, expected] of [
  ['10.0.0.1/8', '"10.0.0.1/8" has bits set behind its prefix; did you mean "10.0.0.0/8"?'],
  ['10.0.0.0/99', '"10.0.0.0/99": the prefix after / is a number from 0 to 32.'],
  ['10.0.0.0/8', 'The greylist counts by 10.0.0.0/24, not by 10.0.0.0/8.'],
] as const) {
  test(`${network} cannot be allowed, in one sentence`, async () => {
    await assert.rejects(answers.allow({ stage: '', network, forMs: undefined, by: 'root' }), {
      message: expected,
    });
  });
}
