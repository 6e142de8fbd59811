// Writes docs/built-in-reactions.md: what Sluice knows by itself about replies, from the rules in src/schedule/adapt.
// Promises: the same rules give the same page.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtInReactions } from '../src/schedule/adapt/built-in-reactions.ts';
import type { ReactionAction, ReactionRule } from '../src/schedule/adapt/types.ts';

const head = `# Built-in reactions

<!-- Generated from src/schedule/adapt/built-in by tools/generate-reactions.ts; change the rules there instead. -->

What Sluice knows by itself about replies of destinations. [Reactions](reactions.md) tells how rules work, and how to write
your own, which come before these. The order counts: of all rules that fit a reply, the first one on this page decides.

| what it does | means |
|---|---|
| slow, with a time | half the connections from the own address to the site; for this time they do not grow |
| pause, with a time | no connection from the own address to the site for this time |
| this message only | nothing but the usual next attempt: the reply is about one message, sender or mailbox, and no sign that the site wants less mail |

A reply fits when its code begins with what stands under *code*, and its text contains what stands under *text*, in any
case of letters; \`*\` stands for anything. Each table names the page that tells of its replies; times are Sluice's own choice.
`;

/** The page. */
export function renderReactions(rules: readonly ReactionRule[] = builtInReactions): string {
  let page = head;
  let before: ReactionRule | undefined;
  for (const rule of rules) {
    const isOther = before === undefined || titleOf(rule) !== titleOf(before);
    if (isOther) page += `\n## ${titleOf(rule)}\n\n${hostsOf(rule)}\n`;
    if (isOther || rule.source !== before?.source) page += tableHead(rule);
    page += row(rule);
    before = rule;
  }
  return page;
}

/** `gmail` of `gmail: server busy`. */
function titleOf({ name }: ReactionRule): string {
  return name.slice(0, name.indexOf(':'));
}

function hostsOf({ mx }: ReactionRule): string {
  return mx.length === 0 ? 'Any host.' : `Hosts: ${mx.map(code).join(', ')}.`;
}

function tableHead({ source }: ReactionRule): string {
  const { hostname } = new URL(source);
  return `\nFrom [${hostname}](${source}):\n\n| code | text | is about | Sluice |\n|---|---|---|---|\n`;
}

function row(rule: ReactionRule): string {
  const about = rule.name.slice(rule.name.indexOf(':') + 1).trim();
  const cells = [
    code(rule.code),
    rule.text === '' ? 'any' : code(rule.text),
    about.replaceAll('|', '\\|').replaceAll('*', '\\*'),
    actionText(rule.action),
  ];
  return `| ${cells.join(' | ')} |\n`;
}

/** Blanks at the ends would not be seen. */
function code(text: string): string {
  return `\`${text.trim()}\``;
}

function actionText(action: ReactionAction): string {
  switch (action.kind) {
    case 'slow':
    case 'pause':
    case 'next_host':
      return `${action.kind.replace('_', ' ')} ${timeText(action.forMs)}`;
    case 'bounce':
      return 'bounce';
    case 'retry':
      return 'this message only';
  }
}

function timeText(ms: number): string {
  const minutes = ms / 60_000;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, '../docs/built-in-reactions.md'), renderReactions());
}
