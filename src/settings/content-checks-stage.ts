// From [[stage]] of kind "content-checks" to a stage.

import type { Config } from '../config/config.ts';
import type { ContentChecksStageConfig } from '../config/stage-config.ts';
import type { Events } from '../log/events.ts';
import { type CheckFilePlaces, CheckTables } from '../policy/checks/check-tables.ts';
import { ContentChecksStage } from '../policy/checks/content-checks-stage.ts';
import { routeNames } from './route-rules.ts';

/** Senders write the lines: a log that each of them is in would be theirs. */
const loggedLines = 3;

export function contentChecksStage(
  stage: ContentChecksStageConfig,
  { route }: Pick<Config, 'route'>,
  events: Pick<Events, 'happened'>,
): ContentChecksStage {
  const { name, audience, onFailure, timeLimit, restAfter, restFor } = stage;
  const routes = routeNames(route);
  return new ContentChecksStage({
    name,
    timeLimitMs: timeLimit,
    onFailure,
    audience: audience === 'everybody' ? undefined : audience,
    breaker: restAfter === 0 ? undefined : { failures: restAfter, restMs: restFor },
    tables: new CheckTables(checkFilesOf(stage), routes),
    routes,
    limits: {
      fieldBytes: stage.headerSizeLimit,
      partBytes: stage.bodyChecksSizeLimit,
      allBytes: stage.bodyChecksTotalLimit,
      loggedLines,
    },
    events,
  });
}

/** As Postfix: fields of parts and attached messages are looked up where those of the message are, unless they have tables of their own. */
export function checkFilesOf({
  headerChecks: header,
  mimeHeaderChecks: mime = header,
  nestedHeaderChecks: nested = header,
  bodyChecks: body,
}: ContentChecksStageConfig): CheckFilePlaces {
  return { header, mime, nested, body };
}
