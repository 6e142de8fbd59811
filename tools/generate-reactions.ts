// Writes docs/built-in-reactions.md: Sluice's built-in rules for replies, from src/schedule/adapt/built-in.
// Promises: the same rules give the same page.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtInReactions } from '../src/schedule/adapt/built-in-reactions.ts';
import type { ReactionAction, ReactionRule } from '../src/schedule/adapt/types.ts';

const head = `# Built-in reactions

<!-- Generated from src/schedule/adapt/built-in by tools/generate-reactions.ts; change the rules there instead. -->

The rules for replies of destinations that Sluice has built in. [Reactions](reactions.md) explains how rules work, and how to
write your own, which are tried before these. The order counts: the first rule on this page that matches a reply decides.

| action | effect |
|---|---|
| slow, with a time | halves the learned limit of connections from the own address to the site, and does not raise it for this time |
| pause, with a time | opens no connection from the own address to the site for this time |
| this message only | the message is retried as usual; the reply is about one message, sender or mailbox, and does not ask for less mail |

A rule matches a reply that begins with its *code* and contains its *text*. Upper and lower case are the same, and \`*\` stands
for any characters. Each table names the page that documents its replies; the times are Sluice's own choice.
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

/** Without blanks at the ends, which nobody would see. */
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
