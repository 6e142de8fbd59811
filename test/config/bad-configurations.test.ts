// Each mistake in a configuration has its place, its key, what is allowed and, if possible, a suggestion.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, 'sluice.toml');
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.code, 'CONFIG_INVALID');
    return error.problems.map(({ line, column, key, message }) => `${line}:${column} ${key}: ${message}`);
  }
  return assert.fail('the configuration was accepted');
}

const table: readonly (readonly [what: string, text: string, ...problems: string[]])[] = [
  [
    'a misspelt key',
    '[receive]\nmax_recipient = 5',
    '2:1 receive.max_recipient: there is no such key; did you mean max_recipients?',
  ],
  [
    'a misspelt table',
    '[recieve]\nmax_errors = 5',
    '1:2 recieve: there is no such key; did you mean receive?',
  ],
  [
    'a key in camelCase',
    '[receive]\n  maxRecipients = 5',
    '2:3 receive.maxRecipients: there is no such key; did you mean max_recipients?',
  ],
  [
    'a key with hyphens',
    '[receive]\nmax-recipients = 5',
    '2:1 receive.max-recipients: there is no such key; did you mean max_recipients?',
  ],
  [
    'a key of another table',
    '[receive]\nbounce_lifetime = "4d"',
    '2:1 receive.bounce_lifetime: there is no such key; it belongs in [queue] or [queues.NAME] or [[schedule]]',
  ],
  [
    'a key of two other tables',
    'file = "x"',
    '1:1 file: there is no such key; it belongs in [[signing_key]] or [[stage]] or [[tap]] or [log]',
  ],
  [
    'a dotted key',
    'receive.extensions.vrfi = true',
    '1:20 receive.extensions.vrfi: there is no such key; did you mean vrfy?',
  ],
  [
    'a key in an inline table',
    'stop = { grase = "1s" }',
    '1:10 stop.grase: there is no such key; did you mean grace?',
  ],
  [
    'a key like nothing else',
    '[stop]\nxyzzy = 1',
    '2:1 stop.xyzzy: there is no such key; the keys here are grace',
  ],
  [
    'a key of every object',
    '[stop]\n"__proto__" = 1\nconstructor = 2',
    '2:1 stop.__proto__: there is no such key; the keys here are grace',
    '3:1 stop.constructor: there is no such key; the keys here are grace',
  ],
  [
    'a number for a duration',
    '[queue]\nlifetime = 5',
    '2:12 queue.lifetime: must be a duration such as "30s" or "5m", not 5',
  ],
  [
    'a duration without a unit',
    '[queue]\nlifetime = "5"',
    '2:12 queue.lifetime: "5" is not a duration; write a number and a unit (ms, s, m, h, d, w), e.g. "30s", "5m" or "1h30m"',
  ],
  [
    'a duration of nothing',
    '[queue]\nlifetime = ""',
    '2:12 queue.lifetime: a duration is missing; write a number and a unit (ms, s, m, h, d, w), e.g. "30s", "5m" or "1h30m"',
  ],
  [
    'a duration in disorder',
    '[queue]\nlifetime = "1m1h"',
    '2:12 queue.lifetime: "1m1h" is not a duration: the units must go from large to small, each once; write a number and a unit (ms, s, m, h, d, w), e.g. "30s", "5m" or "1h30m"',
  ],
  [
    'too short a duration',
    '[queue]\nretry = ["5m", "1ms"]',
    '2:16 queue.retry[2]: "1ms" is too short: at least 1000 ms',
  ],
  [
    'too long a rest of a source',
    '[deliver]\nsource_rest = "52w"',
    '2:15 deliver.source_rest: "52w" is too long: at most 1h',
  ],
  [
    'too long a rest of an address',
    '[deliver]\naddress_rest = ["15s", "8d"]',
    '2:24 deliver.address_rest[2]: "8d" is too long: at most 7d',
  ],
  ['an empty list of retries', '[queue]\nretry = []', '2:9 queue.retry: must hold one duration at least'],
  [
    'a size without a unit',
    '[receive]\nmax_message_size = "50"',
    '2:20 receive.max_message_size: "50" is not a size; write a number and a unit (B, KiB, MiB, GiB, or KB, MB, GB), e.g. "64KiB" or "25MB"',
  ],
  [
    'a size as a number',
    '[receive]\nmax_message_size = 50',
    '2:20 receive.max_message_size: must be a size such as "64KiB" or "25MB", not 50',
  ],
  [
    'too small a size',
    '[receive]\nmax_message_size = "5B"',
    '2:20 receive.max_message_size: "5B" is too small: at least 1024 bytes',
  ],
  [
    'a number out of range',
    '[receive]\nmax_recipients = 0',
    '2:18 receive.max_recipients: must be a whole number from 1 to 1000000, not 0',
  ],
  [
    'a broken number',
    '[receive]\nmax_recipients = 1.5',
    '2:18 receive.max_recipients: must be a whole number from 1 to 1000000, not 1.5',
  ],
  [
    'a text for a number',
    '[receive]\nmax_recipients = "many"',
    '2:18 receive.max_recipients: must be a whole number from 1 to 1000000, not "many"',
  ],
  [
    'not a number',
    '[queue]\nretry_jitter = nan',
    '2:16 queue.retry_jitter: must be a number from 0 to 1, not NaN',
  ],
  [
    'a date',
    '[queue]\nretry_jitter = 1979-05-27',
    '2:16 queue.retry_jitter: must be a number from 0 to 1, not a date',
  ],
  ['a text for true', '[deliver]\nipv6 = "no"', '2:8 deliver.ipv6: must be true or false, not "no"'],
  [
    'a misspelt word',
    '[receive]\nbare_newlines = "refuze"',
    '2:17 receive.bare_newlines: must be "refuse" or "repair", not "refuze"; did you mean "refuse"?',
  ],
  [
    'an unknown word',
    '[queue]\nsync = "always"',
    '2:8 queue.sync: must be "fdatasync" or "none", not "always"',
  ],
  ['a value for a table', 'receive = 5', '1:11 receive: must be a table, not 5'],
  [
    'a table for a value',
    '[queue.lifetime]\ndays = 5',
    '1:8 queue.lifetime: must be a duration such as "30s" or "5m", not a table',
  ],
  [
    'a table for a list of tables',
    '[listen]\naddress = "127.0.0.1:25"',
    '1:2 listen: must be a list of tables: [[listen]], not a table',
  ],
  [
    'a rate that is none',
    '[receive]\nconnection_rate_per_client = "fast"',
    '2:30 receive.connection_rate_per_client: "fast" is not a rate; write a number per sec, min, hour or day, e.g. "600/min"',
  ],
  [
    'a rate of nothing',
    '[receive]\nconnection_rate_per_client = "0/min"',
    '2:30 receive.connection_rate_per_client: "0/min" would let nothing through; write at least 1',
  ],
  [
    'a listener without an address',
    '[[listen]]\n[[listen]]\naddress = "127.0.0.1:25"',
    '1:3 listen[1].address: is missing; it must be an address and a port such as "127.0.0.1:2525", or a socket such as "unix:/run/sluice/lmtp"',
  ],
  [
    'load balancers before a Unix-domain socket',
    '[[listen]]\naddress = "unix:/run/sluice/in"\nproxy_protocol = ["192.0.2.1"]',
    '3:18 listen[1].proxy_protocol: a Unix-domain socket has no clients with an IP address: proxy_protocol needs a port',
  ],
  [
    'a listener by name',
    '[[listen]]\naddress = "localhost:25"',
    '2:11 listen[1].address: "localhost:25": listen on an IP address and a port, e.g. "127.0.0.1:2525", "0.0.0.0:25" or "[::]:25"',
  ],
  [
    'a listener without a port',
    '[[listen]]\naddress = "::1"',
    '2:11 listen[1].address: "::1": a port is missing, e.g. "[::1]:25"',
  ],
  [
    'IPv6 and a port without brackets',
    '[[route]]\nrelay = ["fe80:::25"]',
    '2:10 route[1].relay[1]: "fe80:::25": write an IPv6 address with a port in brackets, e.g. "[2001:db8::1]:25"',
  ],
  [
    'a port out of range',
    '[[listen]]\naddress = "127.0.0.1:70000"',
    '2:11 listen[1].address: "127.0.0.1:70000": the port "70000" is not a number from 0 to 65535',
  ],
  [
    'the same listener twice',
    '[[listen]]\naddress = "127.0.0.1:25"\n[[listen]]\naddress = "127.0.0.1:25"',
    '4:11 listen[2].address: 127.0.0.1:25 is listened on already',
  ],
  ['no listener at all', 'listen = []', '1:10 listen: must hold one address at least'],
  [
    'a network with too many bits',
    '[receive]\nrelay_networks = ["10.0.0.1/8"]',
    '2:19 receive.relay_networks[1]: "10.0.0.1/8" has bits set behind its prefix; did you mean "10.0.0.0/8"?',
  ],
  [
    'a network that is none',
    '[receive]\nrelay_networks = ["10.0/8", "10.0.0.0/33"]',
    '2:19 receive.relay_networks[1]: "10.0/8" is not a network, e.g. "192.0.2.0/24" or "2001:db8::/32"',
    '2:29 receive.relay_networks[2]: "10.0.0.0/33": the prefix after / is a number from 0 to 32',
  ],
  [
    'any domain',
    '[receive]\nrelay_domains = ["*"]',
    '2:18 receive.relay_domains[1]: "*" alone is not a pattern: name a domain, or "*.example.com" for all under it',
  ],
  [
    'a domain with a dot before it',
    '[receive]\nrelay_domains = [".example.com"]',
    '2:18 receive.relay_domains[1]: ".example.com": write "*.example.com" for all domains under it',
  ],
  [
    'an address for a domain',
    '[receive]\nrelay_domains = ["me@example.com"]',
    '2:18 receive.relay_domains[1]: "me@example.com" is an address; write a domain, or "*.example.com" for all under it',
  ],
  [
    'a domain that is none',
    '[receive]\nrelay_domains = ["ex ample.com"]',
    '2:18 receive.relay_domains[1]: "ex ample.com" is not a domain name',
  ],
  [
    'a file that is not there',
    '[receive]\nrelay_domains_file = "/nonexistent/rcpthosts"',
    '2:22 receive.relay_domains_file: cannot read /nonexistent/rcpthosts: it does not exist',
  ],
  [
    'a greeting of two lines',
    '[receive]\ngreeting = "a\\r\\n250 b"',
    '2:12 receive.greeting: must be at most 200 printable ASCII characters on one line',
  ],
  [
    'a host name without a domain',
    'hostname = "mail"',
    '1:12 hostname: "mail" is not a full host name; write one with its domain, e.g. "mail.example.com"',
  ],
  [
    'a key of an earlier version',
    '[deliver]\nconnections_per_domain = 30',
    '2:1 deliver.connections_per_domain: is a table of its own now: [[limit]] with per = "domain" and connections = 30',
  ],
  [
    'a limit of a queue that is not there, with the name of a tenant',
    '[[tenant]]\nname = "shop"\n[[limit]]\nper = "queue"\nqueue = ["shop", "default"]\nconnections = 5',
    '5:10 limit[1].queue[1]: there is no [queues.shop]; there are default; for mail of this tenant, write tenant = ["shop"]',
  ],
  [
    'addresses of queues that no [[source]] has',
    '[queue]\nsource = ["192.0.2.1"]\n[queues.news]\nsource = ["192.0.2.2"]',
    '2:11 queue.source[1]: is the address of no [[source]], so no connection can come from it; no [[source]] is configured',
    '4:11 queues.news.source[1]: is the address of no [[source]], so no connection can come from it; no [[source]] is configured',
  ],
  [
    'a queue where there never was one',
    '[[tenant]]\nname = "shop"\nqueue = "shop"',
    '3:1 tenant[1].queue: there is no such key; it belongs in [[assignment]] or [[diversion]] or [[stage]] or [[limit]]',
  ],
  [
    'a stage of a queue that there is not',
    '[queues.news]\n[[stage]]\nname = "a"\nkind = "clamd"\naddress = "unix:/c"\nqueue = ["news", "big"]',
    '6:18 stage[1].queue[2]: there is no [queues.big]; there are default, news',
  ],
  [
    'a stage of no queue, and one that works before the queue is known',
    '[[stage]]\nname = "a"\nkind = "clamd"\naddress = "unix:/c"\nqueue = []\n[[stage]]\nname = "b"\nkind = "greeting"\nqueue = "default"',
    '5:9 stage[1].queue: must name one queue at least',
    '9:1 stage[2].queue: is only for kind = "milter" or "policy-server" or "plugin" or "greylist" or "clamd" or "rspamd" or "content-checks", and this one is of kind "greeting"',
  ],
  [
    'a limit per something unknown',
    '[[limit]]\nper = "domian"\nconnections = 1',
    '2:7 limit[1].per: must be one of "domain", "site", "mx", "ip", "network", "source", "tenant", "queue", "group", or a list of them, not "domian"; did you mean "domain"?',
  ],
  [
    'a limit per a list with something unknown in it',
    '[[limit]]\nper = ["source", "group"]\nconnections = 1',
    '2:18 limit[1].per[2]: must be "domain" or "site" or "mx" or "ip" or "network" or "source" or "tenant" or "queue", not "group"',
  ],
  [
    'a limit per nothing',
    '[[limit]]\nconnections = 1\n[[limit]]\nper = []\nconnections = 2',
    '1:3 limit[1].per: is missing; it must be one of "domain", "site", "mx", "ip", "network", "source", "tenant", "queue", "group", or a list of them',
    '4:7 limit[2].per: must name one key at least',
  ],
  [
    'a limit per the same twice',
    '[[limit]]\nper = ["mx", "mx"]\nconnections = 1',
    '2:14 limit[1].per[2]: "mx" is in the list already',
  ],
  [
    'a limit without a quantity',
    '[[limit]]\nper = "ip"\nip = ["192.0.2.0/24"]',
    '1:3 limit[1]: sets no limit: give at least one of connections, connection_rate, message_rate, recipient_rate, messages_per_connection, recipients_per_message',
  ],
  [
    'a group without a match',
    '[[limit]]\nper = "group"\nconnections = 5',
    '2:7 limit[1].per: a group needs a match: give at least one of domain, domain_file, mx, route, ip, source, tenant, queue; the limit for all mail is max_connections in [deliver]',
  ],
  [
    'quantities that are none',
    '[[limit]]\nper = "ip"\nconnections = "unlimitted"\nmessage_rate = "5/week"\nmessages_per_connection = 0\nrecipients_per_message = true',
    '3:15 limit[1].connections: must be a whole number from 0 to 1000000, or "unlimited", not "unlimitted"; did you mean "unlimited"?',
    '4:16 limit[1].message_rate: "5/week" is not a rate; write a number per sec, min, hour or day, e.g. "600/min"',
    '5:27 limit[1].messages_per_connection: must be a whole number from 1 to 1000000, not 0',
    '6:26 limit[1].recipients_per_message: must be a whole number from 1 to 1000000, or "unlimited", not true',
  ],
  [
    'matches that are none',
    '[[limit]]\nper = "ip"\nconnections = 5\ndomain = ["*"]\nmx = []\nip = ["mx.example.com"]\nsource = "192.0.2.1"',
    '4:11 limit[1].domain[1]: "*" alone is not a pattern: name a domain, or "*.example.com" for all under it',
    '5:6 limit[1].mx: must name one host at least',
    '6:7 limit[1].ip[1]: "mx.example.com" is not a network, e.g. "192.0.2.0/24" or "2001:db8::/32"',
    '7:10 limit[1].source: must be a list of networks such as ["192.0.2.0/24", "2001:db8::/32"], not "192.0.2.1"',
  ],
  [
    'two limits of one name',
    '[[limit]]\nname = "a"\nper = "ip"\nconnections = 1\n[[limit]]\nname = "a"\nper = "mx"\nconnections = 1',
    '6:8 limit[2].name: this name is already in limit[1]',
  ],
  [
    'a name that is none',
    '[[limit]]\nname = " a"\nper = "ip"\nconnections = 1',
    '2:8 limit[1].name: " a" is not a name; write 1 to 100 characters on one line, with no space around them',
  ],
  [
    'a quantity of the same mail twice',
    '[[limit]]\nper = ["ip"]\ndomain = ["b.example", "a.example"]\nconnections = 1\n[[limit]]\nper = "ip"\ndomain = ["A.example", "b.example"]\nmessage_rate = "1/s"\nconnections = 2',
    '9:15 limit[2].connections: is set for the same mail already in limit[1]; keep one of them',
  ],
  [
    'a file with domains that is not there',
    '[receive]\nrelay_domains_file = "/nonexistent/a"\n[[limit]]\nper = "group"\ndomain_file = "/nonexistent/b"\nconnections = 5',
    '2:22 receive.relay_domains_file: cannot read /nonexistent/a: it does not exist',
    '5:15 limit[1].domain_file: cannot read /nonexistent/b: it does not exist',
  ],
  [
    'a validating name server that is not named',
    '[dns]\nvalidating = true',
    '2:14 dns.validating: needs servers = ["127.0.0.1"]: the validating name server on this host',
  ],
  [
    'validating name servers that are not on this host',
    '[dns]\nvalidating = true\nservers = ["127.0.0.53", "::1", "192.0.2.53"]',
    '3:33 dns.servers[3]: is not on this host, so that answers could be forged on the way, but validating is true; run a validating name server such as unbound here, and name it by its loopback address',
  ],
  [
    'a source of an earlier version',
    '[deliver]\nsource_address = "192.0.2.25"',
    '2:1 deliver.source_address: is a table of its own now: [[source]] with address = "192.0.2.25"',
  ],
  [
    'sources that are none',
    '[[source]]\naddress = "mail.example.com"\n[[source]]\naddress = "0.0.0.0"\n[[source]]\naddress = "10.0.0.0/8"\nhelo_name = "mail"\n[[source]]',
    '2:11 source[1].address: "mail.example.com" is not an IP address, e.g. "192.0.2.25" or "2001:db8::25"',
    '4:11 source[2].address: "0.0.0.0" is not the address of an interface; to let the system choose one, leave [[source]] out',
    '6:11 source[3].address: "10.0.0.0/8" is not an IP address, e.g. "192.0.2.25" or "2001:db8::25"',
    '7:13 source[3].helo_name: "mail" is not a full host name; write one with its domain, e.g. "mail.example.com"',
    '8:3 source[4].address: is missing; it must be an IP address such as "192.0.2.25"',
  ],
  [
    'a source twice',
    '[[source]]\naddress = "2001:db8::1"\n[[source]]\naddress = "2001:DB8:0::1"',
    '4:11 source[2].address: this address is already in source[1]',
  ],
  [
    'tenants that are none',
    '[[tenant]]\nname = "my shop"\nweight = 0\npriority = 10\nsender = []\nclient = "10.0.0.0/8"\n[[tenant]]',
    '2:8 tenant[1].name: "my shop" is not the name of a tenant; write 1 to 64 letters, digits, ".", "_" and "-", e.g. "newsletters"',
    '3:10 tenant[1].weight: must be a whole number from 1 to 100, not 0',
    '4:12 tenant[1].priority: must be a whole number from -9 to 9, not 10',
    '5:10 tenant[1].sender: must name one sender at least',
    '6:10 tenant[1].client: must be a list of networks such as ["192.0.2.0/24", "2001:db8::/32"], not "10.0.0.0/8"',
    '7:3 tenant[2].name: is missing; it must be a name such as "newsletters"',
  ],
  [
    'two tenants of one name',
    '[[tenant]]\nname = "a"\n[[tenant]]\nname = "a"',
    '4:8 tenant[2].name: this name is already in tenant[1]',
  ],
  [
    'a limit for tenants that are not there',
    '[[tenant]]\nname = "newsletters"\n[[tenant]]\nname = "shop"\n[[limit]]\nper = "tenant"\ntenant = ["", "newsletter", "bills"]\nconnections = 1',
    '7:15 limit[1].tenant[2]: there is no [[tenant]] with the name "newsletter"; did you mean "newsletters"?',
    '7:29 limit[1].tenant[3]: there is no [[tenant]] with the name "bills"; there are newsletters, shop',
  ],
  [
    'a limit for a tenant without any',
    '[[limit]]\nper = "group"\ntenant = ["shop"]\nconnections = 1',
    '3:11 limit[1].tenant[1]: there is no [[tenant]] with the name "shop"; no [[tenant]] is configured',
  ],
  [
    'a limit for sources that are not there',
    '[[source]]\naddress = "192.0.2.25"\n[[limit]]\nper = "source"\nsource = ["192.0.2.0/24", "198.51.100.0/24", "::/0"]\nconnections = 1',
    '5:27 limit[1].source[2]: is the address of no [[source]], so no connection can match; there are 192.0.2.25',
    '5:46 limit[1].source[3]: is the address of no [[source]], so no connection can match; there are 192.0.2.25',
  ],
  [
    'quirks of no host, of no extension, and of one that cannot be left out',
    '[[quirk]]\nignore_extensions = ["PIPELINING"]\n[[quirk]]\nmx = ["mx.example.com"]\nignore_extensions = []\n[[quirk]]\nip = []\nignore_extensions = ["PIPELINE"]',
    '1:3 quirk[1]: names no hosts: give mx, ip or both',
    '5:21 quirk[2].ignore_extensions: must name one extension at least',
    '7:6 quirk[3].ip: must name one network at least',
    '8:22 quirk[3].ignore_extensions[1]: must be "PIPELINING" or "SIZE" or "8BITMIME" or "SMTPUTF8" or "DSN" or "MT-PRIORITY" or "CHUNKING", not "PIPELINE"',
  ],
  [
    'a quirk that changes nothing, and quirks of a route without relay',
    '[[quirk]]\nmx = ["mx.example.com"]\n[[route]]\ndomain = ["a.example"]\nmx = true\npipeline_depth = 1\n[[route]]\ndomain = ["b.example"]\nlmtp = ["127.0.0.1:24"]\nignore_extensions = ["CHUNKING"]',
    '1:3 quirk[1]: changes nothing: give ignore_extensions, pipeline_depth or own_name',
    '6:18 route[1].pipeline_depth: is only for relay; for other hosts, write a [[quirk]] with mx or ip',
    '10:21 route[2].ignore_extensions: is only for relay; for other hosts, write a [[quirk]] with mx or ip',
  ],
  [
    'a reaction to everything',
    '[[reaction]]\nname = "a"\naction = "slow"',
    '1:3 reaction[1]: would match every failure: give at least one of code, text and mx',
  ],
  [
    'reactions that are none',
    '[[reaction]]\ncode = "2"\ntext = "**"\nmx = ["*"]\naction = "bounces"\nfor = "0s"',
    '1:3 reaction[1].name: is missing; it must be a name',
    '2:8 reaction[1].code: "2" is not the beginning of a 4xx or 5xx reply code, e.g. "421", "45" or "4"',
    '3:8 reaction[1].text: "**" is not a text of a reply; write 1 to 200 characters on one line, more than "*"',
    '4:7 reaction[1].mx[1]: "*" alone is not a pattern: name a domain, or "*.example.com" for all under it',
    '5:10 reaction[1].action: must be "slow" or "pause" or "next_host" or "bounce" or "retry", not "bounces"; did you mean "bounce"?',
    '6:7 reaction[1].for: "0s" is too short: at least 1000 ms',
  ],
  [
    'a reaction that is what happens anyway',
    '[[reaction]]\nname = "a"\ncode = "550"\naction = "bounce"',
    '4:10 reaction[1].action: a 5xx bounces anyway: "bounce" is for replies that begin with 4',
  ],
  [
    'a reaction for a time that has none',
    '[[reaction]]\nname = "a"\ncode = "450"\naction = "bounce"\nfor = "5m"',
    '5:7 reaction[1].for: "bounce" has no duration: only slow, pause, next_host have one',
  ],
  [
    'two reactions of one name',
    '[[reaction]]\nname = "a"\ncode = "421"\naction = "slow"\n[[reaction]]\nname = "a"\ncode = "450"\naction = "slow"',
    '6:8 reaction[2].name: this name is already in reaction[1]',
  ],
  [
    'a start with nothing',
    '[adapt]\nstart_connections = 0',
    '2:21 adapt.start_connections: must be a whole number from 1 to 1000000, not 0',
  ],
  [
    'lines of no length',
    '[receive]\nmax_command_line = "511B"\nmax_text_line = "998B"',
    '2:20 receive.max_command_line: "511B" is too small: at least 512 bytes',
    '3:17 receive.max_text_line: "998B" is too small: at least 1000 bytes, or 0B',
  ],
  [
    'too long a command line',
    '[receive]\nmax_command_line = "1GB"',
    '2:20 receive.max_command_line: "1GB" is too large: at most 1048576 bytes',
  ],
  [
    'a header field that is none',
    '[receive]\npriority_header = "MT-Priority:"',
    '2:19 receive.priority_header: "MT-Priority:" is not the name of a header field; write it without the colon, e.g. "MT-Priority"',
  ],
  [
    'no IP version left',
    '[deliver]\nipv4 = false\nipv6 = false',
    '3:8 deliver.ipv6: must not be false together with ipv4: nothing could be delivered',
  ],
  [
    'a source of a version that is off',
    '[deliver]\nipv4 = false\n[[source]]\naddress = "192.0.2.1"',
    '4:11 source[1].address: is an IPv4 address, but ipv4 in [deliver] is false',
  ],
  ['TTLs the wrong way round', '[dns]\nmin_ttl = "2d"', '2:11 dns.min_ttl: must not be more than max_ttl'],
  [
    'a name server by name',
    '[dns]\nservers = ["ns.example.com"]',
    '2:12 dns.servers[1]: "ns.example.com": name servers are IP addresses, e.g. "192.0.2.53" or "127.0.0.1:5353"',
  ],
  [
    'a route to nowhere',
    '[[route]]\ndomain = ["example.com"]',
    '1:3 route[1]: does not say where the mail goes: give one of relay, lmtp, qmqp, qmtp, pipe, archive, mailbox, local, redirect, hold, error, discard and mx',
  ],
  [
    'a route to two places',
    '[[route]]\nrelay = ["a.example"]\nmx = true',
    '3:6 route[1].mx: relay and mx exclude each other: give only one of relay, lmtp, qmqp, qmtp, pipe, archive, mailbox, local, redirect, hold, error, discard and mx',
  ],
  ['mx = false', '[[route]]\nmx = false', '2:6 route[1].mx: must be true, not false'],
  [
    'a route by domain and sender without a name',
    '[[route]]\nmx = true\ndomain = ["a.example"]\nsender = ["b.example"]',
    '4:10 route[1].sender: needs name as well: what such a route decides is stored with the message, by the name of the route',
  ],
  [
    'a domain in two routes',
    '[[route]]\nmx = true\ndomain = ["a.example"]\n[[route]]\nerror = "550 no"\ndomain = ["b.example", "A.example"]',
    '6:24 route[2].domain[2]: this domain is already in route[1]',
  ],
  [
    'two defaults',
    '[[route]]\nmx = true\n[[route]]\nerror = "550 no"',
    '3:3 route[2]: the default (no domain and no sender) is already in route[1]',
  ],
  [
    'two routes of one name',
    '[[route]]\nname = "a"\nmx = true\n[[route]]\nname = "a"\nmx = true\nsender = ["<>"]',
    '5:8 route[2].name: this name is already in route[1]',
  ],
  [
    'a sender by suffix',
    '[[route]]\nmx = true\nsender = ["*.example.com"]',
    '3:11 route[1].sender[1]: "*.example.com": senders are matched by whole addresses and whole domains only',
  ],
  [
    'a reply that is none',
    '[[route]]\nerror = "no such domain"',
    '2:9 route[1].error: "no such domain" is not a reply; write a 4xx or 5xx code, an enhanced status and a text, e.g. "550 5.1.2 No such domain here"',
  ],
  [
    'a reply of two classes',
    '[[route]]\nerror = "550 4.1.2 No"',
    '2:9 route[1].error: "550 4.1.2 No": the enhanced status 4.1.2 must begin with 5 like 550',
  ],
  [
    'an address that is none',
    '[bounce]\npostmaster = "postmaster"',
    '2:14 bounce.postmaster: "postmaster" is not a mail address, e.g. "postmaster@example.com"',
  ],
  [
    'several problems, in the order of the file',
    '[stop]\ngrace = 1\nx = 1\n[log]\nlevel = "trace"',
    '2:9 stop.grace: must be a duration such as "30s" or "5m", not 1',
    '3:1 stop.x: there is no such key; the keys here are grace',
    '5:9 log.level: must be "debug" or "info" or "warn" or "error", not "trace"',
  ],
  [
    'an address within one that is listened on',
    'listen = [{ address = "0.0.0.0:25" }, { address = "127.0.0.1:25" }, { address = "[::1]:25" }, { address = "127.0.0.1:26" }]',
    '1:51 listen[2].address: 127.0.0.1:25 and 0.0.0.0:25 are both listened on; 0.0.0.0:25 is enough',
  ],
  [
    'all addresses beside one of IPv4, which they include',
    'listen = [{ address = "127.0.0.1:25" }, { address = "[::]:25" }]',
    '1:53 listen[2].address: [::]:25 and 127.0.0.1:25 are both listened on; [::]:25 is enough',
  ],
  [
    'an IPv4 address and the same one written as IPv6',
    'listen = [{ address = "[::ffff:127.0.0.1]:25" }, { address = "127.0.0.1:25" }]',
    '1:62 listen[2].address: 127.0.0.1:25 and [::ffff:127.0.0.1]:25 are both listened on; [::ffff:127.0.0.1]:25 is enough',
  ],
  [
    'an address twice in two ways',
    'listen = [{ address = "[::1]:25" }, { address = "[0:0::1]:25" }]',
    '1:49 listen[2].address: [0:0::1]:25 and [::1]:25 are both listened on; [::1]:25 is enough',
  ],
  [
    'a host in brackets, as Postfix has it',
    '[[route]]\nrelay = ["[smtp.example.com]:587"]',
    '2:10 route[1].relay[1]: "[smtp.example.com]:587": brackets are for IPv6 addresses; write "smtp.example.com:587", which is the host itself: its MX is not looked up',
  ],
  ['a missing value', 'hostname =', '1:11 : this is not TOML: Unspecified values are invalid'],
  ['an open string', 'hostname = "mail', '1:17 : this is not TOML: Unterminated string constant'],
  [
    'a key twice',
    '[stop]\ngrace = "1s"\ngrace = "2s"',
    '3:1 : this is not TOML: Defining a key multiple times is invalid',
  ],
];

describe('a bad configuration', () => {
  for (const [what, text, ...problems] of table) {
    it(`${what} is refused with its place`, () => {
      assert.deepEqual(problemsOf(text), problems);
    });
  }

  it('shows the line with a mark under the place, for people', () => {
    assert.throws(() => parseConfig('[receive]\nmax_recipient = 5\n', 'etc/sluice.toml'), {
      message:
        'etc/sluice.toml:2:1: receive.max_recipient: there is no such key; did you mean max_recipients?\n' +
        '  2 | max_recipient = 5\n' +
        '    | ^',
    });
  });

  it('has the suggested name as a field for programs', () => {
    assert.throws(
      () => parseConfig('[receive]\nmax_recipient = 5', 'sluice.toml'),
      (error) => error instanceof ConfigError && error.problems[0]?.suggestion === 'max_recipients',
    );
  });
});
