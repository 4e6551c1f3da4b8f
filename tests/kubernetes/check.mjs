// Every manifest in packaging/kubernetes is what the Kubernetes API takes, has no key that the API does
// not know, and points at things that are there; the rules in its ConfigMap are good.
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const require = createRequire(import.meta.url);
const binary = path.resolve(process.argv[2]);
const here = path.dirname(fileURLToPath(import.meta.url));
const folder = path.join(here, '../../packaging/kubernetes');
let checks = 0;

function read(text) {
  return parseAllDocuments(text).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS();
  });
}

// The package's validators, made of the API's schema, let unknown keys pass. But they ask for each key
// that the schema has: a key that nobody asked for is none.
function watched(value, place, unasked) {
  if (value === null || typeof value !== 'object') return value;
  const wrapped = new Map();
  for (const key of Object.keys(value)) {
    const where = `${place}/${key}`;
    wrapped.set(key, watched(value[key], where, unasked));
    if (!Array.isArray(value)) unasked.add(where);
  }
  const asked = (key) => unasked.delete(`${place}/${String(key)}`);
  return new Proxy(value, {
    get(target, key) {
      asked(key);
      return wrapped.has(key) ? wrapped.get(key) : Reflect.get(target, key);
    },
    ownKeys(target) { // a map with any keys
      Object.keys(target).forEach(asked);
      return Reflect.ownKeys(target);
    },
  });
}

// What the API would say against it.
function mistakes(manifest) {
  const version = manifest.apiVersion;
  const group = require(`kubernetes-models/${version}`);
  const kind = group[manifest.kind];
  if (!kind) return [`no kind ${manifest.kind} in ${version}`];
  // By its path: the package keeps its door to these closed.
  const { validate } = require(
    path.join(here, `node_modules/kubernetes-models/_schemas/${schemaOf(group, manifest.kind)}.js`));
  const unasked = new Set();
  const fine = validate(watched(manifest, '', unasked));
  const wrong = fine ? [] : validate.errors.map((e) => `${e.instancePath}: ${e.message}`);
  return [...wrong, ...[...unasked].map((where) => `${where}: unknown key`)];
}

// The long name, such as IoK8sApiAppsV1Deployment, is exported beside the short one.
function schemaOf(group, kind) {
  return Object.keys(group).find((name) => name !== kind && group[name] === group[kind]);
}

const texts = fs.readdirSync(folder).filter((name) => name.endsWith('.yaml'))
  .map((name) => [name, fs.readFileSync(path.join(folder, name), 'utf8')]);
const manifests = [];
for (const [name, text] of texts) {
  for (const manifest of read(text)) {
    assert.deepEqual(mistakes(manifest), [], `${name}: ${manifest.kind} ${manifest.metadata.name}`);
    manifests.push(manifest);
    ++checks;
  }
}

// That this would have told.
const text = texts.map(([, each]) => each).join('---\n');
for (const [right, wrong] of [
  ['replicas: 3', 'replicas: "three"'],
  ['readinessProbe:', 'readynessProbe:'],
  ['readOnlyRootFilesystem:', 'readOnlyRootFileSystem:'],
  ['httpGet: {path: /healthz, port', 'httpGet: {path: /healthz, prt'],
  ['whenUnsatisfiable: ScheduleAnyway', 'whenUnsatisfied: ScheduleAnyway'],
  ['maxUnavailable: 1', 'maxUnavailable: [1]'],
  ['policyTypes: [Ingress, Egress]', 'policyTypes: Ingress'],
  ['kind: PodDisruptionBudget', 'kind: PodDisruptionBudged'],
]) {
  assert(text.includes(right), right);
  const found = read(text.replace(right, wrong)).flatMap(mistakes);
  assert(found.length > 0, `nothing was said against ${wrong}`);
  ++checks;
}

// What they say of one another.
const find = (kind, name) => {
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
  assert(found, `no ${kind} is called ${name}`);
  ++checks;
  return found;
};
const deployment = find('Deployment', 'allocd').spec;
const labels = deployment.template.metadata.labels;
for (const selector of [
  deployment.selector.matchLabels,
  find('Service', 'allocd').spec.selector,
  find('PodDisruptionBudget', 'allocd').spec.selector.matchLabels,
  find('NetworkPolicy', 'allocd').spec.podSelector.matchLabels,
  ...deployment.template.spec.topologySpreadConstraints.map((each) => each.labelSelector.matchLabels),
]) assert.deepEqual(selector, labels);

const pod = deployment.template.spec;
const [container] = pod.containers;
const ports = container.ports.map((port) => port.name);
for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
  assert(ports.includes(container[probe].httpGet.port));
for (const port of find('Service', 'allocd').spec.ports) assert(ports.includes(port.targetPort));
assert.deepEqual(container.volumeMounts.map((mount) => mount.name), pod.volumes.map((each) => each.name));
for (const volume of pod.volumes) if (volume.configMap) find('ConfigMap', volume.configMap.name);
const rules = container.volumeMounts.find((mount) => mount.name === 'rules');
assert.equal(rules.subPath, undefined, 'a subPath is never updated');

// The rules, as the pod finds them.
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'allocd-kubernetes-'));
try {
  for (const [name, content] of Object.entries(find('ConfigMap', 'allocd-rules').data))
    fs.writeFileSync(path.join(scratch, name), content);
  execFileSync(binary, ['dry-run', '--fail-on-warning', scratch], { stdio: 'pipe' });
  ++checks;
} finally {
  fs.rmSync(scratch, { recursive: true });
}
console.log(`tests/kubernetes/run: ${checks} checks passed`);
