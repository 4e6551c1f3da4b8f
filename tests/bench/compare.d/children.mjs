// Starts other programs and sees to it that none of them outlives this one.
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {delimiter, join} from 'node:path';

const kPatienceMillis = 20_000;
const kMostKept = 100_000; // characters of what a program prints

const running = new Set();
let isOver = false; // nothing is started any more

// The path of a command, or nothing. Servers are often in a folder that only root searches.
export function find(command) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
}

// Runs `command` with its arguments, on `core` where one is given. `bare` puts nothing between
// spawning and the program, which then is not ended should this process be killed.
// `ended` is a promise of `{code, signal}`; `output` and `errors` are what it printed so far.
export function start(command, {core, env = {}, bare = false} = {}) {
  if (isOver) throw new Error('interrupted');
  const words = bare ? [] : ['setpriv', '--pdeathsig', 'TERM'];
  if (core !== undefined) words.push('taskset', '-c', String(core));
  words.push(...command);
  const child = spawn(words[0], words.slice(1),
    {env: {...process.env, ...env}, stdio: ['ignore', 'pipe', 'pipe']});
  const started = {pid: child.pid, output: '', errors: '', hasEnded: false};
  const keep = (stream, name) => {
    stream.setEncoding('utf8');
    stream.on('data', (text) => { started[name] = (started[name] + text).slice(-kMostKept); });
  };
  keep(child.stdout, 'output');
  keep(child.stderr, 'errors');
  started.kill = (signal) => child.kill(signal);
  started.ended = new Promise((resolve) => {
    const end = (result) => {
      started.hasEnded = true;
      running.delete(started);
      resolve(result);
    };
    child.on('error', (error) => {
      started.errors += error.message;
      end({code: 127, signal: null});
    });
    child.on('close', (code, signal) => end({code, signal}));
  });
  running.add(started);
  return started;
}

// Runs to the end. Throws where that is not a success.
export async function run(command, options) {
  const child = start(command, options);
  const {code, signal} = await child.ended;
  if (code !== 0)
    throw new Error(`${command[0]} ended with ${code ?? signal}: ${child.errors.trim()}`);
  return child;
}

// How it ended: `{code, signal}`.
export async function stop(child) {
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), kPatienceMillis);
  const result = await child.ended;
  clearTimeout(impatience);
  return result;
}

// To be called last.
export async function stopAll() {
  isOver = true;
  await Promise.all([...running].map(stop));
}
