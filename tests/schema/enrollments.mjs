// Holds schemas/enrollments.schema.json and `allocd simulate --check` together, as check.mjs does for
// rule files: by the packaged one, by those in enrollments/accepted/ and enrollments/refused/, and
// by mutants.
import {checkEach} from './each_file.mjs';
import {misspelt, mutants} from './mutants.mjs';

// What allocd refuses and no schema can see.
const kUnseen = [
  {code: 'duplicate-enrollment', why: 'a schema compares whole items only'},
  {code: 'unlinked-hub', why: 'a schema compares with what it knows itself only'},
  {code: 'unreadable-file', message: /^cannot read/, why: 'certificates are other files'},
  {code: 'bad-certificate', why: 'certificates are other files'},
  {code: 'no-authority', why: 'certificates are other files'},
  {code: 'other-common-name', why: 'certificates are other files'},
  {code: 'number-range', why: 'a schema sees numbers as doubles'},
];
const kWhole = 'all-keys.yaml'; // has everything that there is

// `certificates` are files that the accepted ones name, `keys` are those that files of enrollments
// know; the rest is as for checkEach().
export function checkEnrollments({loader, certificates, keys, ...rest}) {
  for (const file of certificates) loader.keep(file);
  return checkEach({
    unseen: kUnseen,
    ask: async ([file]) => [await loader.enrollmentErrors(file)],
    atOnce: 1,
    *mutants(files) {
      // A process each: the same changes of further files would show nothing new.
      const whole = files.filter(({name}) => name === kWhole);
      yield* mutants(files, keys, {changed: whole, crossings: 100});
      yield* misspelt(whole);
    },
    write: (value) => loader.write(value),
    ...rest,
  });
}
