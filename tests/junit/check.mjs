// The report of `allocd test --junit`, read by a reader of JUnit's XML that knows nothing of allocd.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {parse} from 'junit2json';

const kRules = 'rules: [{name: only, match: {registrationId: {contains: "<&>"}}, reject: "no \\"<&>\\""}]\n';
// Whatever XML has a meaning for, or cannot say.
const kName = `<a & 'b' "c"> ]]> ü \u{1F600}`;
const kFirst = `tests:
  - {name: ${JSON.stringify(kName)}, request: "<&>", expect: {rule: only}}
  - {name: "control \\u0001 \\uFFFE", request: a, expect: {status: 200, reason: "<&>\\n]]>"}}
`;
const kSecond = 'tests: [{name: a, request: a, expect: {status: 400}}]\n';

const folder = mkdtempSync(join(tmpdir(), 'allocd-junit-'));
try {
  for (const [name, text] of
    Object.entries({'r.yaml': kRules, 'a.test.yaml': kFirst, 'b.test.yaml': kSecond}))
    writeFileSync(join(folder, name), text);
  const report = join(folder, 'report.xml');
  const ran = () => execFileSync(
    resolve(process.argv[2]), ['test', folder, '--junit', report], {stdio: 'pipe'});
  assert.throws(ran, {status: 1});
  const read = await parse(readFileSync(report, 'utf8'));

  assert.deepEqual([read.name, read.tests, read.failures, read.errors], ['allocd', 3, 1, 0]);
  assert.equal(read.testsuite.length, 2);
  const [first, second] = read.testsuite;
  assert.deepEqual([first.name, first.tests, first.failures], [join(folder, 'a.test.yaml'), 2, 1]);
  assert.deepEqual([second.name, second.tests, second.failures], [join(folder, 'b.test.yaml'), 1, 0]);
  const [odd, failing] = first.testcase;
  assert.equal(odd.name, kName);
  assert.equal(odd.classname, first.name);
  assert.equal(odd.failure, undefined);
  assert.equal(failing.name, 'control \uFFFD \uFFFD');
  assert.equal(failing.failure.length, 1);
  assert.equal(failing.failure[0].message, 'status: expected 200, got 400');
  assert.deepEqual(failing.failure[0].inner.split('\n'), [
    'status: expected 200, got 400',
    'reason: expected "<&>\\n]]>", got "Unrecognized device registration."', '',
  ]);
  console.log('junit: a report of 3 tests in 2 suites was read as it was meant');
} finally {
  rmSync(folder, {recursive: true});
}
