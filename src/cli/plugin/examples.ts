// The examples that come with Sluice, in examples/plugins.

export const exampleNames = [
  'dns-lists',
  'footer',
  'greylisting',
  'rate-by-header',
  'recipient-check',
  'route-by-content',
  'sender-rewriting',
  'webhook',
] as const;
