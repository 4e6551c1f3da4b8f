// What a request costs allocd by the number of rules: one server for each number, all on one core,
// in turns. A benchmark and no test: it fails where an answer is wrong, never for being slow.
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {ask} from './client.mjs';
import {cores, describeMachine, memory, tree} from './processes.mjs';
import {program, progress, say} from './program.mjs';
import {median, medians} from './report.mjs';
import {allocdCommand, startServer, stopServers} from './servers.mjs';
import {takeTurns} from './turns.mjs';

const kBodies = 20_000;
const kChecked = 200;
const kConnections = 16;
const kHubs = ['eu', 'us', 'in', 'rest'].map((name) => `hub-${name}.azure-devices.net`);

const padded = (i) => String(i).padStart(6, '0');

// Rule `i`, of one of the kinds that fleets have, with `id(unit)`, a registration ID that it
// matches, and with the payload that it needs. One in a hundred has no literal to be found by.
function rule(i) {
  const n = padded(i);
  if (i % 100 === 57) {
    const digits = 3 + Math.floor(i / 100) % 40;
    const rest = 1 + Math.floor(i / 4000);
    return {match: `{registrationId: {matches: "[0-9]{${digits}}[a-f][g-z]+[0-9]{${rest}}"}}`,
      id: () => `${'7'.repeat(digits)}cx${'1'.repeat(rest)}`};
  }
  const letter = String.fromCharCode(97 + i % 26);
  const kinds = [
    {match: `{registrationId: {endsWith: "-line${n}"}}`, id: (unit) => `u${unit}-line${n}`},
    {match: `{registrationId: {startsWith: "site${n}-"}}`, id: (unit) => `site${n}-${unit}`},
    {match: `{registrationId: {contains: "-m${n}-"}}`, id: (unit) => `x-m${n}-${unit}`},
    {match: `{registrationId: {matches: "oven-[${letter}x]${n}-[0-9]+"}}`,
      id: (unit) => `oven-${letter}${n}-${unit}`},
    {match: `{registrationId: {matches: "(pump|fan)-${n}-(?P<unit>[a-z0-9]+)"}}`,
      id: (unit) => `fan-${n}-${unit}`},
    {match: `{registrationId: {matches: "[a-z]+-batch${n}[0-9]*"}}`,
      id: (unit) => `mill-batch${n}${unit}`},
    {match: `{registrationId: {startsWith: "meter-"}, payload.model: "M${n}"}`,
      id: (unit) => `meter-${unit}`, payload: {model: `M${n}`}},
  ];
  return kinds[i % kinds.length];
}

const hubOf = (i) => kHubs[i % (kHubs.length - 1)];

function rulesFile(count) {
  const one = (i) => `  - name: rule-${i}\n    match: ${rule(i).match}\n` +
    `    allocate: {hub: ${hubOf(i)}, initialTwin: {tags: {rule: ${i}, id: "\${registrationId}"}}}\n`;
  return `version: 1\nrules:\n${Array.from({length: count}, (_, i) => one(i)).join('')}` +
    `  - {name: others, allocate: {hub: ${kHubs.at(-1)}}}\n`;
}

// Bodies, each for another device, and what must be answered to each: nine of ten fall under one
// of the rules, from the first to the last, the tenth under none of them but the one for all.
function requests(count) {
  return Array.from({length: kBodies}, (_, unit) => {
    const at = Math.floor(unit * 7919 % kBodies * count / kBodies);
    const {id, payload} = unit % 10 === 9 ? {id: () => `unknown-${unit}`} : rule(at);
    const body = {deviceRuntimeContext: {registrationId: id(unit), ...(payload && {payload})},
      linkedHubs: kHubs};
    return {body: JSON.stringify(body), hub: unit % 10 === 9 ? kHubs.at(-1) : hubOf(at)};
  });
}

function server(allocd, count, folder) {
  const rules = join(folder, `${count}.yaml`);
  const bodies = join(folder, `${count}.bodies`);
  const asked = requests(count);
  writeFileSync(rules, rulesFile(count));
  writeFileSync(bodies, asked.map(({body}) => `${body}\n`).join(''));
  return {name: `${count} rules`, count, path: '/allocate', bodies,
    samples: asked.filter((_, i) => i % (kBodies / kChecked) < 2),
    command: (place) => allocdCommand(allocd, place, rules)};
}

async function checkAnswers({name, port, path, samples}) {
  for (const {body, hub} of samples) {
    const answered = await ask({port, path, body});
    if (answered.status !== 200 || JSON.parse(answered.body).iotHubHostName !== hub)
      throw new Error(`with ${name} to ${body} the answer is ${answered.status} ${answered.body}`);
  }
}

const row = (cells) => cells.map((cell, i) => i === 0 ? cell.padEnd(14) : cell.padStart(14)).join('');

function report(all, rounds) {
  const figures = all.map((_, i) => medians(rounds[i][kConnections]));
  const base = rounds[0][kConnections];
  say(row(['', 'us CPU', 'times', 'requests/s', 'p99 us', 'MiB']));
  for (const [i, {name, child}] of all.entries()) {
    // Round by round, as what else the machine does meets a whole round.
    const times = median(rounds[i][kConnections].map(({cpuPerRequest}, round) =>
      cpuPerRequest / base[round].cpuPerRequest));
    const {cpuPerRequest, requestsPerSecond, p99} = figures[i];
    say(row([name, cpuPerRequest.toFixed(2), times.toFixed(2), requestsPerSecond.toFixed(0),
      p99.toFixed(0), (memory(tree(child.pid)).rss / 2 ** 20).toFixed(1)]));
  }
}

const usage = `usage: tests/bench/many_rules [OPTION...]

Starts allocd once for each number of rules, all on one core; checks the answers to some of 20,000
devices; lets wrk ask for all of them in turn from another core; prints the CPU that a request
takes, and how many times what it takes with the first number of rules.

  --rules N,...         how many (2,10000,100000)
  --rounds N            turns of each (7)
  --seconds S           of each turn (3)
  --short               few rules, once and briefly, to see that it works
  --allocd FILE         the program to measure (build/allocd, of the release preset)

Exit codes: 0 done, however fast; 1 an answer is wrong; 2 wrong usage, or no wrk.
`;
const full = {rules: [2, 10_000, 100_000], rounds: 7, seconds: 3, warmUp: true};
const short = {rules: [2, 300], rounds: 1, seconds: 1, warmUp: false};

await program('many_rules', {usage, full, short}, async ({allocd, settings}, folder) => {
  const [serverCore, ...others] = cores();
  const core = others.at(-1) ?? serverCore;
  say(`${describeMachine()}\nservers on core ${serverCore}, wrk on core ${core}, ` +
    `${kConnections} connections, ${kBodies} devices, medians of ${settings.rounds} rounds`);
  const all = settings.rules.map((count) => server(allocd, count, folder));
  for (const [i, one] of all.entries()) {
    progress(`starting allocd with ${one.name}`);
    await startServer(one, {folder: join(folder, `server-${i}`), core: serverCore});
    await checkAnswers(one);
  }
  const rounds = await takeTurns(all, {settings: {...settings, connections: [kConnections]}, core});
  progress('');
  report(all, rounds);
  for (const one of all) await checkAnswers(one);
  await stopServers(all);
});
