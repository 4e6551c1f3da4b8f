// Holds what allocd made of some bytes against what others made of them.

import {kDevice} from './cases.mjs';

const kRefusesNothing = 0;
const sameAnswer = (a, b) => a.status === b.status && a.body === b.body;

// Whether `answer` is one to that request, as far as can be said without asking allocd.
function fits({status}, {method, target, body}) {
  if (target.includes('%')) return true;
  const [path] = target.replace(/^https?:\/\/[^/?]*/i, '').split('?');
  if (path !== '/allocate') return status === 404;
  if (method !== 'POST') return status === 405;
  return body === kDevice ? status === 200 : status !== 404 && status !== 405;
}

// The difference between allocd's verdict and another server's:
//   same      the same requests, and the same end
//   stricter  allocd refuses where the other goes on
//   waits     the same requests; allocd waits for more of what the other refuses already
//   closes    allocd's last answer says that nothing after it is a request; to the other there is
//   laxer     allocd takes more for requests
//   fewer     allocd takes less for requests, and does not say so
//   another   requests that are not those of the other
export async function difference(allocd, other, asPlain) {
  const ours = allocd.answers;
  const theirs = other.requests;
  const count = Math.min(ours.length, theirs.length);
  for (let i = 0; i < count; ++i) {
    const plain = await asPlain(theirs[i]);
    if (!fits(ours[i], theirs[i]) || !sameAnswer(ours[i], plain)) return 'another';
  }
  const refuses = allocd.status !== kRefusesNothing;
  const otherRefuses = other.status !== kRefusesNothing;
  if (ours.length > theirs.length) return 'laxer';
  if (refuses && (ours.length < theirs.length || !otherRefuses)) return 'stricter';
  if (ours.length < theirs.length) return allocd.closes ? 'closes' : 'fewer';
  return otherRefuses && !refuses ? 'waits' : 'same';
}

// Asks allocd for each request that another server understood, written plainly: the answer tells
// whether allocd understood it likewise. Bodies and targets come again and again.
export function plainly(allocd) {
  const known = new Map();
  return ({method, target, body}) => {
    const bytes =
      `${method} ${target} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    if (!known.has(bytes)) {
      known.set(bytes, allocd.verdict(bytes).then(({answers: [answer], status, why}) =>
        answer ?? {status, body: why}));
    }
    return known.get(bytes);
  };
}

// Whether bytes that came in pieces were answered as those that came at once. Where the connection
// was cut off, what came last may be lost.
export function agreesInPieces(whole, pieces) {
  const told = ({answers, status, why}) =>
    JSON.stringify([...answers.map(({status, body}) => [status, body]), [status, why]]);
  if (!pieces.wasCut) return told(whole) === told(pieces);
  return pieces.answers.every((answer, i) =>
    whole.answers[i] !== undefined && sameAnswer(answer, whole.answers[i]));
}
