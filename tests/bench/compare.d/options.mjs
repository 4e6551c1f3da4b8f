// What is asked for on the command line.
import {accessSync, constants} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {find} from './children.mjs';

const kRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

const kUsage = `usage: tests/bench/compare [OPTION...]

Starts allocd and, where they are installed, nginx with a fixed answer, nginx with the rules in
Lua, the tutorial's function on Node.js and Open Policy Agent on one core; checks their answers;
lets wrk ask them in turn from another core; prints what it cost each, and whether the targets
are reached. \`packaging/dependencies build test bench\` installs all but Open Policy Agent.

  --rounds N            turns of each server (5)
  --seconds S           of each turn (3)
  --connections N,...   to ask on (1,16,64,256)
  --short               everything once and briefly, to see that it works
  --allocd FILE         the program to measure (build/allocd, of the release preset)
  --json FILE           writes all figures there, too

Exit codes: 0 done, however fast; 1 a server answers wrongly or fails; 2 wrong usage, or no wrk.

example: tests/bench/compare --rounds 3 --connections 16,64
`;

const kFull = {short: false, rounds: 5, seconds: 3, connections: [1, 16, 64, 256], warmUp: true,
  tracedRequests: 4000, idleConnections: 2048, idleSeconds: 5, starts: 20};
const kShort = {short: true, rounds: 1, seconds: 1, connections: [16], warmUp: false,
  tracedRequests: 200, idleConnections: 128, idleSeconds: 1, starts: 2};

export const kCompare = {usage: kUsage, full: kFull, short: kShort, options: ['json']};

// The options of these names take numbers.
const kNumbers = ['rounds', 'seconds', 'connections', 'rules'];

// Nothing was started, and nothing will be.
export class Misuse extends Error {}

function positive(text, name) {
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new Misuse(`--${name} takes numbers from 1, not \`${text}\``);
  return Number(text);
}

function parse(words, names) {
  const options = {short: {type: 'boolean'}, help: {type: 'boolean', short: 'h'}};
  for (const name of names) options[name] = {type: 'string'};
  try {
    return parseArgs({args: words, options}).values;
  } catch (error) {
    throw new Misuse(error.message);
  }
}

// `{help, settings, allocd, json}` as the words say, or else as `full` or `short` has it. A number
// in these is an option that takes a number, a list one that takes several. Throws Misuse.
export function readOptions(words, {full, short, options = []}) {
  const numbers = Object.keys(full).filter((name) => kNumbers.includes(name));
  const given = parse(words, [...numbers, ...options, 'allocd']);
  const settings = {...(given.short ? short : full)};
  for (const name of numbers.filter((name) => given[name] !== undefined))
    settings[name] = Array.isArray(full[name]) ?
      given[name].split(',').map((n) => positive(n, name)) : positive(given[name], name);
  const allocd = resolve(given.allocd ?? join(kRoot, 'build/allocd'));
  return {help: given.help, settings, allocd, json: given.json};
}

// Throws Misuse where something is missing that nothing can be measured without.
export function checkTools({allocd}) {
  if (!find('wrk')) throw new Misuse('wrk is missing; `packaging/dependencies bench` installs it');
  try {
    accessSync(allocd, constants.X_OK);
  } catch {
    throw new Misuse(
      `\`${allocd}\` is missing; \`packaging/quickstart --no-serve\` builds build/allocd`);
  }
}
