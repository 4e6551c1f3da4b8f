// The JSON schemas and the program must agree. Editors complete and check rule files by
// schemas/rules.schema.json, and what they show as right or wrong must be what allocd takes or
// refuses. Held together here by the rule files of rules/, by the files in accepted/ and refused/
// (whose first line names the codes that allocd refuses them with), and by thousands of mutants.
import {existsSync, mkdtempSync, readFileSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, dirname, join, relative, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import {parse} from 'yaml';
import {checkEnrollments} from './enrollments.mjs';
import {Loader, forEach} from './loader.mjs';
import {apart, mutants} from './mutants.mjs';
import {checkTestFiles} from './test_files.mjs';

// How a name begins that may be a lookup's, or a variable's.
const kNotOurs =
  '(?!(?:registrationId|currentHub|currentDeviceId|attestation|certificate|hub|hubName|now)\\b)[A-Za-z]';

// What allocd refuses and no schema can see. Nothing else may be accepted by the schema and refused
// by allocd; nothing at all may be refused by the schema and accepted by allocd.
const kUnseen = [
  {code: 'no-rules', why: 'rules may stand in other files of the set'},
  {code: 'duplicate-rule', why: 'names are compared over all files'},
  {code: 'duplicate-template', why: 'names are compared over all files'},
  {code: 'duplicate-lookup', why: 'names are compared over all files'},
  {code: 'unknown-field', message: new RegExp(`^unknown field \`${kNotOurs}[^\`]*\` in \`match\`$`),
    why: 'lookups may stand in other files of the set'},
  {code: 'unknown-reference', message: new RegExp(`^unknown field \`${kNotOurs}`),
    why: 'columns stand in tables'},
  {code: 'unreadable-file', message: /^cannot read table/, why: 'tables are other files'},
  {code: 'unknown-column', why: 'columns stand in tables'},
  {code: 'missing-key', message: /`column` in lookup/, why: 'whether it is needed tells the table'},
  {code: 'duplicate-row', why: 'rows stand in tables'},
  {code: 'bad-lookup-key', message: /another lookup/, why: 'its name may be that of a variable'},
  {code: 'wrong-type', message: new RegExp(`\`\\$\\{${kNotOurs}\\w*\\}\` never is one$`),
    why: 'a variable looks like a lookup'},
  {code: 'unknown-template', why: 'templates may stand in other files of the set'},
  {code: 'unknown-reference', message: /field or variable/, why: 'variables come from regexes'},
  {code: 'conditional-capture', why: 'variables come from regexes'},
  {code: 'duplicate-capture', why: 'variables come from regexes'},
  {code: 'reserved-capture', why: 'variables come from regexes'},
  {code: 'bad-regex', why: 'no pattern describes what is a pattern'},
  {code: 'example-not-matched', why: 'takes deciding'},
  {code: 'twin-limit', message: /takes \d+ bytes/, why: 'sizes are sums'},
  {code: 'twin-limit', message: /longer than/, why: 'bytes count; a schema counts characters'},
  {code: 'twin-limit', message: /nested deeper/, why: 'depth would take a schema for each level'},
  {code: 'number-range', why: 'a schema sees numbers as doubles'},
];
// Whether a file has these depends on the others of its set.
const kOfTheSet = new Set(
  ['no-rules', 'duplicate-rule', 'duplicate-template', 'duplicate-lookup', 'unknown-template',
    'example-not-matched']);

const kHere = dirname(fileURLToPath(import.meta.url));
const kRoot = resolve(kHere, '../..');
const kMostShown = 30;

const failures = [];
function fail(where, what) {
  failures.push(`${where}: ${what}`);
}

const isUnseen = (error) =>
  kUnseen.some((u) => u.code === error.code && (u.message?.test(error.message) ?? true));
const shown = (errors) => errors.map((e) => `${e.message} [${e.code}]`).join('; ');
const failFile = (file, what) => fail(file.startsWith(kRoot) ? named(file) : file, what);
const read = (file) => readFileSync(file, 'utf8');
const named = (file) => relative(kRoot, file);
const found = (folder, ending) =>
  readdirSync(folder, {recursive: true}).filter((name) => name.endsWith(ending)).sort()
    .map((name) => join(folder, name));

// ---- The schemas themselves

// strictRequired would want the properties of a rule again beside each outcome.
const ajv = new Ajv({strict: true, strictRequired: false, allowUnionTypes: true});
// What editors show in place of "does not match the pattern".
ajv.addKeyword({keyword: 'patternErrorMessage', schemaType: 'string'});

const kOne = ['additionalProperties', 'items', 'if', 'then', 'else', 'not', 'propertyNames'];
const kMap = ['properties', 'patternProperties', '$defs'];
const kList = ['allOf', 'anyOf', 'oneOf'];

// Every schema inside `schema`, itself first, with the JSON Pointer to it.
function* parts(schema, pointer = '') {
  if (typeof schema !== 'object') return;
  yield {schema, pointer};
  for (const key of kOne)
    if (key in schema) yield* parts(schema[key], `${pointer}/${key}`);
  for (const key of [...kMap, ...kList])
    for (const [name, part] of Object.entries(schema[key] ?? {})) {
      const step = name.replaceAll('~', '~0').replaceAll('/', '~1');
      yield* parts(part, `${pointer}/${key}/${encodeURIComponent(step)}`);
    }
}

// The keys that the schemas know, each once.
const keysOf = (...schemas) => [...new Set(
  schemas.flatMap((whole) => [...parts(whole)])
    .flatMap(({schema}) => Object.keys(schema.properties ?? {})))];

// The validator of a schema file, which must be valid, as must all examples and defaults in it.
function validator(file) {
  const schema = JSON.parse(read(file));
  const name = basename(file);
  if (schema.$schema !== 'https://json-schema.org/draft/2020-12/schema')
    fail(named(file), 'is not of draft 2020-12');
  try {
    ajv.addSchema(schema, name);
    for (const part of parts(schema)) {
      const values = [...(part.schema.examples ?? [])];
      if ('default' in part.schema) values.push(part.schema.default);
      for (const value of values)
        if (!ajv.validate({$ref: `${name}#${part.pointer}`}, value))
          fail(named(file),
            `${part.pointer}: ${JSON.stringify(value)} is no example: ${ajv.errorsText()}`);
    }
    return ajv.getSchema(name);
  } catch (error) {
    fail(named(file), error.message);
    return () => false;
  }
}

const validators = new Map(
  found(join(kRoot, 'schemas'), '.schema.json').map((file) => [basename(file), validator(file)]));
const rulesSchema = JSON.parse(read(join(kRoot, 'schemas/rules.schema.json')));
const testsSchema = JSON.parse(read(join(kRoot, 'schemas/tests.schema.json')));
const enrollmentsSchema = JSON.parse(read(join(kRoot, 'schemas/enrollments.schema.json')));
const isRuleFile = validators.get('rules.schema.json');
const whyNot = () => isRuleFile.errors.slice(0, 3)
  .map((e) => `${e.instancePath || 'the file'} ${e.message}`).join('; ');

function checkHovers(file, whole) {
  for (const {schema, pointer} of parts(whole)) {
    if (pointer.endsWith('/if')) continue; // asks, and shows nothing
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const target = property.$ref && whole.$defs[property.$ref.slice('#/$defs/'.length)];
      for (const key of ['title', 'description'])
        if (!property[key] && !target?.[key])
          fail(file, `${pointer}/properties/${name} has no ${key}`);
    }
  }
}

// ---- Rule files

// A process takes a while, so that one judges many files: a set. Where what it says of a file may
// come from the others, the file is asked about alone.
const kSet = 300;
function* sets(items) {
  for (let i = 0; i < items.length; i += kSet) yield items.slice(i, i + kSet);
}
const ownErrors = (errors) => errors?.filter((e) => !kOfTheSet.has(e.code));

async function checkAccepted(loader, files) {
  const ofSet = await loader.errorsOfSet(files);
  for (const [i, file] of files.entries()) {
    let errors = ownErrors(ofSet?.[i]);
    if (errors?.length !== 0)
      errors = (await loader.errors(file)).filter((e) => e.code !== 'no-rules');
    if (errors.length > 0) fail(named(file), `allocd refuses it: ${shown(errors)}`);
    if (!isRuleFile(parse(read(file)))) fail(named(file), `the schema refuses it: ${whyNot()}`);
  }
}

const codesOf = (errors) => errors?.map((e) => e.code).sort().join(', ');

async function checkRefused(loader, files) {
  const ofSet = await loader.errorsOfSet(files);
  for (const [i, file] of files.entries()) {
    const text = read(file);
    const expected = /^# expect: (.+)\n/.exec(text)?.[1].split(', ').sort().join(', ');
    let errors = ownErrors(ofSet?.[i]);
    if (codesOf(errors) !== expected) errors = await loader.errors(file);
    if (expected === undefined)
      fail(named(file), 'its first line must be `# expect: CODE[, CODE…]`');
    else if (codesOf(errors) !== expected)
      fail(named(file), `expected ${expected}, got ${shown(errors) || 'nothing'}`);
    if (isRuleFile(parse(text)) && !errors.every(isUnseen))
      fail(named(file), `the schema accepts what allocd refuses: ${shown(errors)}`);
  }
}

function disagreement(accepted, errors) {
  if (accepted && !errors.every(isUnseen)) return 'the schema accepts, allocd refuses';
  if (!accepted && errors.length === 0) return 'the schema refuses, allocd accepts';
  return undefined;
}

async function checkMutants(loader, set) {
  const files = set.map(({value}, i) => loader.write(apart(value, `~${i}`)));
  const ofSet = await loader.errorsOfSet(files);
  for (const [i, {name, value}] of set.entries()) {
    const accepted = isRuleFile(value);
    const why = accepted ? '' : whyNot();
    const own = ownErrors(ofSet?.[i]);
    if (own && disagreement(accepted, own) === undefined) continue;
    const errors = await loader.errors(files[i]);
    const what = disagreement(accepted, errors);
    if (what)
      fail(`a mutant of ${name}`, `${what}: ${why || shown(errors)}\n    ${JSON.stringify(value)}`);
  }
}

// ---- Requests and answers

async function checkBodies(loader) {
  const isRequest = validators.get('webhook-request.schema.json');
  const isResponse = validators.get('webhook-response.schema.json');
  const folder = join(kRoot, 'rules/contoso');
  const requests = readdirSync(folder).filter((name) => /^request.*\.json$/.test(name));
  if (requests.length === 0) fail(named(folder), 'has no request');
  for (const request of requests) {
    const file = join(folder, request);
    if (isRequest && !isRequest(JSON.parse(read(file))))
      fail(named(file), `the schema refuses it: ${ajv.errorsText(isRequest.errors)}`);
    const {response} = await loader.json('dry-run', folder, '--request', file);
    if (isResponse && !isResponse(response))
      fail(named(file), `the schema refuses its answer: ${ajv.errorsText(isResponse.errors)}`);
  }
  return requests.length;
}

async function main(binary) {
  if (!existsSync(binary)) throw new Error(`there is no ${binary}`);
  const began = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'allocd-schema-'));
  try {
    const loader = new Loader(resolve(binary), folder);
    checkHovers('schemas/rules.schema.json', rulesSchema);
    checkHovers('schemas/tests.schema.json', testsSchema);
    checkHovers('schemas/enrollments.schema.json', enrollmentsSchema);
    if (failures.length > 0) return; // of the schemas themselves: the rest would only repeat them
    const bodies = await checkBodies(loader);

    // Files may need the others of their folder: allocd judges those as a whole.
    const rules = found(join(kRoot, 'rules'), '.yaml')
      .filter((file) => !file.endsWith('.test.yaml') && !file.includes('/tables/'));
    for (const file of rules)
      if (!isRuleFile(parse(read(file)))) fail(named(file), `the schema refuses it: ${whyNot()}`);
    for (const folder of readdirSync(join(kRoot, 'rules'), {withFileTypes: true})) {
      if (!folder.isDirectory()) continue;
      const {ok, diagnostics} = await loader.json('dry-run', join(kRoot, 'rules', folder.name));
      if (!ok) fail(`rules/${folder.name}`, `allocd refuses it: ${shown(diagnostics)}`);
    }

    const accepted = found(join(kHere, 'accepted'), '.yaml');
    const refused = found(join(kHere, 'refused'), '.yaml');
    await checkAccepted(loader, accepted);
    for (const set of sets(refused)) await checkRefused(loader, set);

    const keys = ['a', 'payload.a', 'enrollment.a', '/a', 'inventory', 'inventory.site',
      'certificate.a', ...keysOf(rulesSchema)];
    const originals = accepted.map((file) => ({name: basename(file), value: parse(read(file))}));
    const all = [...mutants(originals, keys)];
    await forEach(sets(all), (set) => checkMutants(loader, set));

    const tests = await checkTestFiles({
      loader,
      rules: join(kRoot, 'rules/contoso/90-default.yaml'),
      worked: found(join(kRoot, 'rules'), '.test.yaml'),
      accepted: found(join(kHere, 'tests/accepted'), '.test.yaml'),
      refused: found(join(kHere, 'tests/refused'), '.test.yaml'),
      keys: keysOf(testsSchema, rulesSchema.$defs.sample),
      accepts: validators.get('tests.schema.json'),
      fail: failFile,
    });
    const enrollments = await checkEnrollments({
      loader,
      certificates: found(join(kHere, 'enrollments/accepted'), '.pem'),
      accepted: [
        ...found(join(kRoot, 'packaging/simulate'), '.yaml'),
        ...found(join(kHere, 'enrollments/accepted'), '.yaml'),
      ],
      refused: found(join(kHere, 'enrollments/refused'), '.yaml'),
      keys: keysOf(enrollmentsSchema),
      accepts: validators.get('enrollments.schema.json'),
      fail: failFile,
    });

    console.log(
      `schema: ${failures.length} disagreements; ${validators.size} schemas, ` +
      `${rules.length} rule files, ${accepted.length} accepted, ${refused.length} refused, ` +
      `${all.length} mutants, ${tests.files} test files, ${tests.mutants} mutants of those, ` +
      `${enrollments.files} files of enrollments, ${enrollments.mutants} mutants of those, ` +
      `${bodies} requests; ` +
      `${loader.runs} runs, ${((Date.now() - began) / 1000).toFixed(1)} s`);
  } finally {
    rmSync(folder, {recursive: true});
    for (const failure of failures.slice(0, kMostShown)) console.log(failure);
    if (failures.length > kMostShown) console.log(`… and ${failures.length - kMostShown} more`);
    if (failures.length > 0) process.exitCode = 1;
  }
}

try {
  await main(process.argv[2]);
} catch (error) {
  console.error(`schema: ${error.message}`);
  process.exitCode = 1;
}
