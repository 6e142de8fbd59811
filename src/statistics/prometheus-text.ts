// Families as Prometheus reads them: its text format 0.0.4. Pure.

import type { Family, Labels, Sample } from './families.ts';

/** The Content-Type of the format. */
export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8';

/** One line for each sample, after the help and the type of its family. A family without samples is left out. */
export function prometheusText(families: readonly Family[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, kind, help, samples }) => {
      const lines = samples.map((sample) => sampleLine(name, sample));
      return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${kind}\n${lines.join('')}`;
    })
    .join('');
}

function sampleLine(name: string, { suffix = '', labels, value }: Sample): string {
  return `${name}${suffix}${labels === undefined ? '' : labelText(labels)} ${value}\n`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `{${pairs.join(',')}}`;
}

/** Names of sites come from the DNS of strangers. */
function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', String.raw`\"`);
}

function escapeHelp(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('\n', String.raw`\n`);
}
