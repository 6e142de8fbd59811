// Who may hand mail back from a content filter: nobody but those who may relay there, since all other checks are left out.

import { type Answer, goOn, type SessionFacts, type Stage, type Verdict } from '../stage.ts';

const refused: Verdict = {
  kind: 'reject',
  reply: { code: 554, enhanced: '5.7.1', text: 'Only filters of this server may connect here' },
};

export class FilterClientsStage implements Stage {
  readonly name = 'filter-clients';

  connect({ client }: SessionFacts): Answer {
    return client.mayRelay ? goOn : refused;
  }
}
