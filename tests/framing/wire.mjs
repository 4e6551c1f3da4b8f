// Bytes to a server and back, one connection each.
import {connect} from 'node:net';
import {setImmediate} from 'node:timers/promises';

const kPatienceMillis = 15_000;

// Sends the pieces one by one, then closes that half. Returns what came back until the server
// closed, as one character a byte, and whether it cut the connection off before it had read all.
// `begin` is told the port that it is sent from, before it is.
export async function talk(port, pieces, begin = () => {}) {
  const socket = connect({port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
  const heard = [];
  let wasCut = false;
  socket.on('data', (data) => heard.push(data));
  socket.on('end', () => socket.destroy());
  socket.on('error', () => { wasCut = true; });
  const opened = new Promise((resolve) => socket.on('connect', resolve));
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.setTimeout(kPatienceMillis, () => {
    heard.push(Buffer.from('\nHTTP/1.1 000 no end\r\n'));
    socket.destroy();
  });
  await Promise.race([opened, closed]);
  begin(socket.localPort);
  for (const piece of pieces) {
    if (!socket.writable) break;
    socket.write(piece, 'latin1');
    if (pieces.length > 1) await setImmediate();
  }
  if (socket.writable) socket.end();
  await closed;
  return {text: Buffer.concat(heard).toString('latin1'), wasCut};
}

// The answers in what a server sent, without those that say `go on`.
export function answers(text) {
  return text.replaceAll(/HTTP\/1\.1 100 Continue\r\n(Date: .*\r\n)?\r\n/g, '')
    .split(/(?=HTTP\/1\.1 \d{3} )/).filter((part) => part !== '').map((part) => {
      const [head] = part.split('\r\n\r\n', 1);
      return {status: Number(part.slice(9, 12)), head, body: part.slice(head.length + 4)};
    });
}
