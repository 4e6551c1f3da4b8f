// Requests with something wrong in them, the same ones for the same seed.

const kPieces = ['\r', '\n', '\r\n', '\n\r', '\r\n\r\n', '\0', ' ', '\t', '\v', ':', ';', ',', '0',
  '1', 'a', '-', '+', '0x', '%', '%00', '/', '*', '#', '?', '"', '\x7f', '\x80', '\xff', 'chunked',
  'identity', 'close', 'HTTP/1.0', 'HTTP/1.1', '\r\n ', '\r\nA: b', '\r\nContent-Length: 1',
  '\r\nContent-Length: 0', '\r\nTransfer-Encoding: chunked', '\r\nTransfer-Encoding: identity',
  '\r\nConnection: close', '\r\nConnection: keep-alive', '\r\nHost: x', '\r\nExpect: 100-continue',
  '0\r\n\r\n', '1\r\na\r\n', 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'];

// Numbers from 0 up to but not including `below`; mulberry32.
export function dice(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 2 ** 32 * below);
  };
}

const replaced = (text, from, count, by) => text.slice(0, from) + by + text.slice(from + count);

const kWays = [
  (text, roll) => replaced(text, roll(text.length + 1), 0, kPieces[roll(kPieces.length)]),
  (text, roll) => replaced(text, roll(text.length), 1, kPieces[roll(kPieces.length)]),
  (text, roll) => replaced(text, roll(text.length), 1, String.fromCharCode(roll(256))),
  (text, roll) => replaced(text, roll(text.length), 1 + roll(4), ''),
  (text, roll) => { // one more of what is there
    const from = roll(text.length);
    return replaced(text, from, 0, text.slice(from, from + 1 + roll(30)));
  },
  (text, roll) => { // one line or space less, or another
    const at = [...text.matchAll(/\r\n|[ :;,]/g)].map((found) => found.index);
    if (at.length === 0) return text;
    return replaced(text, at[roll(at.length)], 1 + roll(2), kPieces[roll(kPieces.length)]);
  },
  (text, roll, others) => text + others[roll(others.length)],
  (text, roll, others) => { // the head of one, the tail of the other
    const other = others[roll(others.length)];
    return text.slice(0, roll(text.length)) + other.slice(roll(other.length));
  },
];

// `count` mutants of `texts`, each with one to three changes.
export function mutants(texts, count, roll) {
  return Array.from({length: count}, () => {
    let text = texts[roll(texts.length)];
    for (let changes = 1 + roll(3); changes > 0; --changes)
      text = kWays[roll(kWays.length)](text, roll, texts);
    return text;
  });
}
