// One example for each point of a plugin: what `sluice plugin new` writes into a new plugin and its test. Each works as it is. Pure.

/** The points that a new plugin may have, in the order in which they come. */
export const samplePoints = [
  'connect',
  'helo',
  'starttls',
  'auth',
  'mail',
  'rcpt',
  'data',
  'headers',
  'content',
  'route',
  'attempt',
] as const;

export type SamplePoint = (typeof samplePoints)[number];

export interface Sample {
  /** What it takes from `sluice/plugin`. */
  readonly uses: readonly string[];
  readonly code: string;
  /** The title of its test, and the lines of it. */
  readonly title: string;
  readonly test: string;
}

export const samples: Readonly<Record<SamplePoint, Sample>> = {
  connect: {
    uses: ['goOn', 'reject'],
    code: `// A client has connected. A refusal closes the connection.
connect({ client }) {
  return client.address === '192.0.2.66' ? reject('554 5.7.1', 'No mail from your address') : goOn;
},`,
    title: 'a client is refused by its address',
    test: `assert.equal((await asked.connect({ client: { address: '192.0.2.66' } })).kind, 'reject');
assert.equal((await asked.connect({ client: { address: '192.0.2.67' } })).kind, 'continue');`,
  },
  helo: {
    uses: ['goOn', 'reject'],
    code: `// HELO or EHLO, with the name that the client says.
helo({ helo }) {
  return helo === 'mx.example.com' ? reject('550 5.7.1', 'That is our own name') : goOn;
},`,
    title: 'a client that says our own name is refused',
    test: `assert.equal((await asked.helo({ helo: 'mx.example.com' })).kind, 'reject');
assert.equal((await asked.helo({ helo: 'client.example.net' })).kind, 'continue');`,
  },
  starttls: {
    uses: ['goOn', 'reject'],
    code: `// A TLS handshake is through.
starttls({ tls }) {
  return tls?.version === 'TLSv1.1' ? reject('554 5.7.1', 'TLS 1.2 or newer, please') : goOn;
},`,
    title: 'old TLS is refused',
    test: `assert.equal((await asked.starttls({ tls: { version: 'TLSv1.1' } })).kind, 'reject');
assert.equal((await asked.starttls({ tls: { version: 'TLSv1.3' } })).kind, 'continue');`,
  },
  auth: {
    uses: ['goOn', 'reject'],
    code: `// A client has proved to be a user.
auth({ principal }) {
  return principal === 'guest@example.com' ? reject('535 5.7.8', 'This user may not log in') : goOn;
},`,
    title: 'a user may not log in',
    test: `assert.equal((await asked.auth({ principal: 'guest@example.com' })).kind, 'reject');
assert.equal((await asked.auth({ principal: 'joe@example.com' })).kind, 'continue');`,
  },
  mail: {
    uses: ['goOn', 'reject'],
    code: `// MAIL, with the sender; it is empty for bounces.
mail({ transaction }) {
  return transaction.reversePath.endsWith('@spam.example') ? reject('550 5.7.1', 'No mail from this domain') : goOn;
},`,
    title: 'a sender is refused by its domain',
    test: `assert.equal((await asked.mail({ sender: 'joe@spam.example' })).kind, 'reject');
assert.equal((await asked.mail({ sender: 'joe@example.net' })).kind, 'continue');`,
  },
  rcpt: {
    uses: ['goOn', 'reject'],
    code: `// RCPT, once for each recipient. A refusal is about this recipient alone.
rcpt({ recipient }) {
  return recipient.address === 'nobody@example.com' ? reject('550 5.1.1', 'No such mailbox here') : goOn;
},`,
    title: 'an unknown recipient is refused',
    test: `assert.equal((await asked.rcpt({ recipient: 'nobody@example.com' })).kind, 'reject');
assert.equal((await asked.rcpt({ recipient: 'joe@example.com' })).kind, 'continue');`,
  },
  data: {
    uses: ['goOn', 'tempfail'],
    code: `// DATA: all recipients are known.
data({ transaction }) {
  return transaction.recipients.length > 50 ? tempfail('451 4.5.3', 'Too many recipients at once') : goOn;
},`,
    title: 'a message to many is put off',
    test: `const many = Array.from({ length: 51 }, (_, at) => \`joe\${at}@example.com\`);
assert.equal((await asked.data({ recipients: many })).kind, 'tempfail');
assert.equal((await asked.data({ recipients: ['joe@example.com'] })).kind, 'continue');`,
  },
  headers: {
    uses: ['change', 'goOn', 'insertField'],
    code: `// The header is complete.
headers({ header }) {
  return header.fields.some(({ name }) => name === 'subject') ? goOn : change(insertField('X-No-Subject', 'yes'));
},`,
    title: 'a message without a subject gets a field',
    test: `assert.deepEqual(await asked.headers({ message: 'Subject: Hello\\r\\n\\r\\n' }), { kind: 'continue' });
const message = 'From: joe@example.net\\r\\n\\r\\nHello\\r\\n';
assert.equal(messageAfter(message, await asked.headers({ message })), \`X-No-Subject: yes\\r\\n\${message}\`);`,
  },
  content: {
    uses: ['goOn', 'quarantine'],
    code: `// The message is complete, and not accepted yet. The body can be read in pieces, more than once.
async content({ body }) {
  for await (const piece of body.read()) {
    if (Buffer.from(piece).includes('EICAR-STANDARD-ANTIVIRUS-TEST-FILE')) return quarantine('a test virus');
  }
  return goOn;
},`,
    title: 'a message with a test virus is held',
    test: `const message = 'Subject: x\\r\\n\\r\\nEICAR-STANDARD-ANTIVIRUS-TEST-FILE\\r\\n';
assert.equal((await asked.content({ message })).kind, 'quarantine');
assert.equal((await asked.content({ message: 'Subject: x\\r\\n\\r\\nHello\\r\\n' })).kind, 'continue');`,
  },
  route: {
    uses: ['goOn', 'toRelay'],
    code: `// Which way a recipient's mail goes, when it is about to be sent.
route({ domain }) {
  return domain === 'partner.example' ? toRelay('relay.partner.example:25') : goOn;
},`,
    title: 'mail to a partner goes to its relay',
    test: `assert.equal((await asked.route({ recipient: 'joe@partner.example' })).kind, 'relay');
assert.equal((await asked.route({ recipient: 'joe@example.com' })).kind, 'continue');`,
  },
  attempt: {
    uses: [],
    code: `// What became of an attempt to deliver to a recipient. It is told, and changes nothing.
attempt({ outcome, recipient, text }) {
  if (outcome === 'failed') context.log(\`\${recipient} failed: \${text}\`);
},`,
    title: 'failures are in the log',
    test: `await asked.attempt({ outcome: 'failed', recipient: 'joe@example.com', text: 'No such user' });
assert.match(asked.logged.at(-1) ?? '', /joe@example\\.com failed: No such user/);`,
  },
};
