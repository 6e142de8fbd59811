// Where mail of the biggest mailbox providers goes, roughly: the domains that share their MX hosts, and how many addresses
// those have. So limits by MX host or network have an effect in a simulation.

export interface Provider {
  readonly domains: readonly string[];
  /** As MX records; without a number: 10. */
  readonly mx: readonly string[];
  /** First address of each host, in the order of `mx`; further ones follow it. */
  readonly addresses: readonly string[];
  readonly addressesPerHost: number;
}

/** Biggest first. */
export const providers: readonly Provider[] = [
  {
    domains: ['gmail.com', 'googlemail.com'],
    mx: [
      '5 gmail-smtp-in.l.google.com',
      '10 alt1.gmail-smtp-in.l.google.com',
      '20 alt2.gmail-smtp-in.l.google.com',
    ],
    addresses: ['142.250.102.26', '142.251.9.26', '142.250.150.26'],
    addressesPerHost: 2,
  },
  {
    domains: ['outlook.com', 'hotmail.com', 'live.com', 'msn.com', 'hotmail.co.uk', 'hotmail.fr'],
    mx: ['outlook-com.olc.protection.outlook.com'],
    addresses: ['52.101.8.32'],
    addressesPerHost: 4,
  },
  {
    domains: ['yahoo.com', 'ymail.com', 'rocketmail.com', 'aol.com', 'yahoo.co.uk', 'yahoo.fr', 'yahoo.de'],
    mx: ['mta5.am0.yahoodns.net', 'mta6.am0.yahoodns.net', 'mta7.am0.yahoodns.net'],
    addresses: ['67.195.204.72', '67.195.228.94', '98.136.96.74'],
    addressesPerHost: 4,
  },
  {
    domains: ['icloud.com', 'me.com', 'mac.com'],
    mx: ['mx01.mail.icloud.com', 'mx02.mail.icloud.com'],
    addresses: ['17.57.152.5', '17.57.154.33'],
    addressesPerHost: 3,
  },
  {
    domains: ['gmx.net', 'gmx.de', 'web.de', 'gmx.at'],
    mx: ['mx00.emig.gmx.net', 'mx01.emig.gmx.net'],
    addresses: ['212.227.15.9', '212.227.17.5'],
    addressesPerHost: 1,
  },
  {
    domains: ['mail.ru', 'inbox.ru', 'bk.ru', 'list.ru'],
    mx: ['mxs.mail.ru'],
    addresses: ['217.69.139.150'],
    addressesPerHost: 2,
  },
  {
    domains: ['qq.com', 'foxmail.com'],
    mx: ['10 mx3.qq.com', '20 mx2.qq.com', '30 mx1.qq.com'],
    addresses: ['203.205.219.57', '103.7.29.8', '113.96.208.206'],
    addressesPerHost: 1,
  },
  {
    domains: ['comcast.net'],
    mx: ['mx1a1.comcast.net', 'mx2h1.comcast.net'],
    addresses: ['96.102.18.147', '96.102.200.20'],
    addressesPerHost: 1,
  },
];
