# A session by Python's poplib, as a client: PORT PLACE USER PASSWORD, where PLACE is "tls", "stls" or "clear". Prints what it got as JSON.
import json
import poplib
import ssl
import sys

port, place, user, password = sys.argv[1:5]
trusting = ssl._create_unverified_context()
if place == 'tls':
    server = poplib.POP3_SSL('127.0.0.1', int(port), context=trusting, timeout=20)
else:
    server = poplib.POP3('127.0.0.1', int(port), timeout=20)
    if place == 'stls':
        server.stls(context=trusting)
before = server.capa()
server.user(user)
server.pass_(password)
told = {
    'before': {name: words for name, words in before.items()},
    'after': {name: words for name, words in server.capa().items()},
    'stat': server.stat(),
    'list': [line.decode() for line in server.list()[1]],
    'uidl': [line.decode() for line in server.uidl()[1]],
    'messages': [],
    'octets': [],
}
for number in range(1, len(told['list']) + 1):
    lines = server.retr(number)[1]
    told['messages'].append([line.decode('latin-1') for line in lines])
    told['octets'].append(sum(len(line) + 2 for line in lines))
told['top'] = [line.decode('latin-1') for line in server.top(1, 0)[1]]
for number in sys.argv[5:]:
    server.dele(int(number))
told['quit'] = server.quit().decode()
print(json.dumps(told))
