// Servers under load, one after the other. One may be there several times, under other loads.
import {load} from './measure.mjs';
import {tree} from './processes.mjs';
import {progress} from './program.mjs';

// Round after round each server has its turn: whatever else the machine does meets them all. The
// others are stopped meanwhile, or what they tidy up after their turn would be at its expense.
// `{connections: [figures of a round, …]}` for each of them.
export async function takeTurns(all, {settings, core}) {
  const rounds = all.map(() => ({}));
  if (settings.warmUp)
    for (const server of all) {
      progress(`warming up ${server.name}`);
      await load(server, {connections: 16, seconds: 1, core});
    }
  for (let round = 1; round <= settings.rounds; ++round)
    for (const connections of settings.connections)
      for (const [i, server] of all.entries()) {
        progress(`round ${round} of ${settings.rounds}: ${connections} at once, ${server.name}`);
        (rounds[i][connections] ??= []).push(await alone(server, all,
          () => load(server, {connections, seconds: settings.seconds, core})));
      }
  return rounds;
}

async function alone(server, all, turn) {
  const others = all.filter(({child}) => child !== server.child).flatMap((other) => tree(other.child.pid));
  for (const pid of others) process.kill(pid, 'SIGSTOP');
  try {
    return await turn();
  } finally {
    for (const pid of others) process.kill(pid, 'SIGCONT');
  }
}
