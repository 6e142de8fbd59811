// Advice for the sender of a failed message, by the subject and detail of the status code (RFC 3463 3). It must be clear to a
// person who knows nothing of SMTP.

const byDetail: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '1.10': 'The domain does not accept mail at all. Ask the recipient for another address.',
    '2.2': "The recipient's mailbox is full. Try again later, or reach the recipient in another way.",
    '3.4':
      'The message is too large for the recipient. Send it without large attachments, or share them by a link.',
    '4.6': 'Mail for this domain would go round in circles. The postmaster of the domain has to repair that.',
    '4.7':
      'The time for trying ran out. Send the message again later, or reach the recipient in another way.',
    '6.7': "The recipient's server does not take addresses or headers outside ASCII. Use an ASCII address.",
  }),
);

const bySubject: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '1': 'Check the address for typing errors, and send the message again to the right one.',
    '2': 'The mailbox does not take mail at present. Reach the recipient in another way.',
    '3': "The recipient's mail system cannot take this message. Its postmaster may be able to help.",
    '4': "The recipient's server could not be reached. Check what follows the @ in the address; if it is right, try again later.",
    '5': 'The two mail servers did not understand each other. Please tell your postmaster.',
    '6': "The recipient's server cannot handle the content of this message. Send it in a simpler form.",
    '7': 'The message was refused by a rule of the recipient. The answer above may say why; sending it again unchanged will not help.',
  }),
);

const general = 'The text above says why. If it does not help you, ask your postmaster.';

/** A sentence or two for a status code such as `5.1.1`. */
export function adviceFor(status: string): string {
  const [, subject = '', detail = ''] = status.split('.', 3);
  return byDetail.get(`${subject}.${detail}`) ?? bySubject.get(subject) ?? general;
}
