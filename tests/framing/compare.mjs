// Where requests begin and end is what attackers want servers to disagree about. The same bytes go
// to allocd, to Node.js and, where it is installed, to nginx: the fuzzers' corpus, the table in
// cases.mjs, and mutants of both. What allocd takes for requests another must take for the same
// ones, and what it refuses it must have a reason for.
import {mkdtempSync, readFileSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {stopAll} from '../bench/compare.d/children.mjs';
import {kCases} from './cases.mjs';
import {agreesInPieces, difference, plainly} from './judge.mjs';
import {dice, mutants} from './mutants.mjs';
import {laxBecause, reasonOf} from './reasons.mjs';
import {startAllocd, startNginx, startNode} from './servers.mjs';

const kCorpus = join(dirname(fileURLToPath(import.meta.url)), '../fuzz/corpus/http');
const kAtOnce = 8;
const kMostShown = 20;
const kMostMutated = 1000; // bytes; long ones would be changed where nothing depends on it

const [binary, seed = '1', mutantCount = '2000'] = process.argv.slice(2);

const failures = [];
const notes = [];
const counts = new Map();
const count = (what) => counts.set(what, (counts.get(what) ?? 0) + 1);

// What another does where it differs in that way (judge.mjs).
const kKinds = {
  waits: 'refuses a request before its end, for which allocd waits',
  closes: 'goes on where allocd says that it closes',
  laxer: 'refuses a request that others take as allocd does',
  fewer: 'takes more for requests than allocd and others',
  another: 'takes a request for another one than allocd and others',
};
// allocd and the other do not see the same requests, and allocd does not refuse.
const isLax = (kind) => ['laxer', 'fewer', 'another'].includes(kind);

const shown = ({answers, requests, status, why}) =>
  `${(answers ?? requests).length} answered` + (status ? `, then ${status}` : '') +
  (why ? ` (${why})` : '');

function fail({name, bytes}, what, verdicts) {
  const said = Object.entries(verdicts).map(([who, verdict]) => `\n    ${who}: ${shown(verdict)}`);
  const text = JSON.stringify(bytes.length > 2000 ? `${bytes.slice(0, 2000)}...` : bytes)
    .replace(/[\x7f-\xff]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
  failures.push(`${name}: ${what}${said.join('')}\n    ${text}`);
}

// One to six pieces, or bytes.
function inPieces(bytes, roll) {
  if (bytes.length < 300 && roll(10) === 0) return [...bytes];
  const cuts = Array.from({length: 1 + roll(5)}, () => roll(bytes.length + 1));
  cuts.sort((a, b) => a - b);
  return [0, ...cuts].map((from, i) => bytes.slice(from, cuts[i])).filter((piece) => piece !== '');
}

// Why a server may differ: what the table says, if it was written for this version of it, or
// what is a reason anywhere.
function reason(input, {name, isKnown}, kind, said) {
  const listed = input.why?.[name];
  if (listed || (input.why && isKnown)) return listed;
  return kind === 'stricter' ? reasonOf(said) : kKinds[kind];
}

// Why all others may refuse what allocd takes; nothing where they may not.
function reasonsAlone(input, others, verdicts) {
  const reasons = others.map(({name}) =>
    laxBecause(name, input.bytes, `${verdicts[name].status} ${verdicts[name].why}`));
  return reasons.every(Boolean) ? [...new Set(reasons)] : undefined;
}

// Counts the input under what came of it, or tells of a failure.
function explain({input, verdicts, kinds}, others) {
  const {answers, status, why: said} = verdicts.allocd;
  const found = `${answers.length}${status ? ` ${status}` : ''}`;
  if (input.want !== undefined && found !== input.want)
    fail(input, `expected ${input.want}`, verdicts);
  for (const other of others) {
    const {name} = other;
    const kind = kinds[name];
    const why = reason(input, other, kind, said);
    if (kind !== 'same' && !why)
      fail(input, `no reason for the difference to ${name} (${kind})`, verdicts);
    if (kind === 'same' && input.why?.[name])
      notes.push(`${input.name}: no difference to ${name} here, the table has one: ${why}`);
  }
  const names = (kind) => others.map(({name}) => name).filter((name) => kinds[name] === kind);
  if (names('same').length === others.length) return count('the same to all');
  if (others.every(({name}) => isLax(kinds[name]))) {
    const reasons = reasonsAlone(input, others, verdicts);
    if (!reasons) return fail(input, 'nobody else takes these requests', verdicts);
    return count(`only allocd takes it: ${reasons.join('; ')}`);
  }
  const strict = names('stricter');
  if (strict.length > 0)
    return count(`allocd is stricter than ${strict.join(' and ')}: ${reasonOf(said)}`);
  for (const {name} of others)
    if (kinds[name] !== 'same') count(`only ${name} ${kKinds[kinds[name]]}`);
}

async function judge(input, {allocd, others, asPlain}) {
  const [whole, pieces, ...theirs] = await Promise.all([
    allocd.verdict(input.bytes),
    allocd.verdict(...input.pieces),
    ...others.map((other) => other.verdict(input.bytes)),
  ]);
  const verdicts = {allocd: whole};
  const kinds = {};
  for (const [i, {name}] of others.entries()) {
    verdicts[name] = theirs[i];
    kinds[name] = await difference(whole, theirs[i], asPlain);
  }
  return {input, whole, pieces, verdicts, kinds};
}

async function inputs() {
  const corpus = readdirSync(kCorpus).filter((name) => name.endsWith('.http')).sort()
    .map((name) => ({name, bytes: readFileSync(join(kCorpus, name), 'latin1')}));
  const table = kCases.map(([name, bytes, want, why = {}]) => ({name, bytes, want, why}));
  const roll = dice(Number(seed));
  const short = [...corpus, ...table].map(({bytes}) => bytes)
    .filter((bytes) => bytes !== '' && bytes.length <= kMostMutated);
  const mutated = mutants(short, Number(mutantCount), roll)
    .map((bytes, i) => ({name: `mutant ${i} of seed ${seed}`, bytes}));
  const all = [...corpus, ...table, ...mutated];
  for (const input of all) input.pieces = inPieces(input.bytes, roll);
  console.log(`framing: ${corpus.length} files, ${table.length} cases, ${mutated.length} mutants`);
  return all;
}

async function compare(folder) {
  const allocd = await startAllocd(resolve(binary), folder);
  const others = [await startNode(), await startNginx(folder)].filter(Boolean);
  const servers = {allocd, others, asPlain: plainly(allocd)};
  const all = await inputs();
  console.log(`held against ${others.map(({version}) => version).join(' and ')}` +
    (others.length < 2 ? '; nginx is not installed' : ''));
  const results = new Array(all.length);
  let next = 0;
  await Promise.all(Array.from({length: kAtOnce}, async () => {
    while (next < all.length) {
      const i = next++;
      results[i] = await judge(all[i], servers);
    }
  }));
  for (const {input, whole, pieces, verdicts, kinds} of results) {
    if (!whole.isSound) fail(input, 'no answers that a server may give', verdicts);
    if (!agreesInPieces(whole, pieces)) {
      const cut = JSON.stringify(input.pieces);
      fail(input, `otherwise in pieces: ${shown(pieces)}, ${cut}`, verdicts);
    }
    explain({input, verdicts, kinds}, others);
  }
  if (allocd.child.hasEnded) failures.push(`allocd ended: ${allocd.child.errors}`);
  for (const other of others) other.close();
}

const folder = mkdtempSync(join(tmpdir(), 'allocd-framing-'));
async function cleanUp() {
  await stopAll();
  rmSync(folder, {recursive: true, force: true});
}
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => cleanUp().finally(() => process.exit(1)));
try {
  await compare(folder);
} catch (error) {
  failures.push(error.stack);
} finally {
  await cleanUp();
}
for (const [what, number] of [...counts].sort((a, b) => b[1] - a[1]))
  console.log(`${String(number).padStart(6)}  ${what}`);
for (const note of notes) console.log(`note: ${note}`);
for (const failure of failures.slice(0, kMostShown)) console.error(failure);
console.log(failures.length === 0 ? 'no difference without a reason'
  : `${failures.length} differences without a reason, or failures`);
process.exit(failures.length === 0 ? 0 : 1);
