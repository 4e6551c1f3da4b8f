// `allocd serve` and `allocd simulate` as processes of a scene (support/behind_nginx.cjs), each on an
// address of its own, `address`.
'use strict';
const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const { until } = require('../support/scripts.cjs');

// What the process says ends in its address, at `pattern`.
async function listening(scene, args, pattern) {
  const child = scene.start(scene.binary, args);
  await until(() => `${args[0]}: ${child.said}`, () => {
    assert.strictEqual(child.exitCode, null, child.said);
    child.address = child.said.match(pattern)?.[1];
    return child.address;
  });
  return child;
}

// Keeps a log of its decisions, with the requests, in NAME.jsonl.
function serve(scene, name, rules) {
  const file = scene.at(`${name}.yaml`);
  fs.writeFileSync(file, `rules: [${rules}]\nlisten: 127.0.0.1:0\nadminListen: 127.0.0.1:0\n` +
    `decisionLog: {file: ${scene.at(`${name}.jsonl`)}, requests: true}\n`);
  return listening(scene, ['serve', '--config', file], /serving .* on (\S+), webhook/);
}

function simulate(scene, webhook, enrollments, ...args) {
  return listening(scene, ['simulate', '--webhook', `http://${webhook}/allocate`,
    '--enrollments', enrollments, ...args], /local DPS on (?:https:\/\/|unix:)(\S+), ID scope/);
}

// Resolves when all that it had to say is in `said`.
async function terminated(child) {
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
  assert.strictEqual(child.exitCode, 0, child.said);
}

module.exports = { serve, simulate, terminated };
