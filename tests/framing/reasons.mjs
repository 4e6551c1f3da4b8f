// Why servers may see a request in different ways.

// allocd refuses what another takes.
export const stricter = {
  bareLf: 'a bare LF ends no line: recipients may take it, and need not (RFC 9112, 2.2)',
  emptyLines: 'one empty line before a request is all that must be taken (RFC 9112, 2.2)',
  requestLine: 'a request line is three parts with one blank between them (RFC 9112, 3)',
  version: 'a version is `HTTP/`, a digit, a dot and a digit (RFC 9112, 2.3)',
  otherVersion: 'versions that are not spoken get 505 (RFC 9110, 15.6.6)',
  target: 'what a URI cannot have is not repaired (RFC 9112, 3.2)',
  fragment: 'a target has no fragment (RFC 9112, 3.2)',
  longTarget: 'targets end at the 8,000 bytes that servers should take (RFC 9112, 3)',
  targetForm: 'none of the forms that the method may have (RFC 9112, 3.2)',
  authority: 'an http URI has a host, and no user is taken (RFC 9110, 4.2.1 and 4.2.4)',
  scheme: 'a URI of another scheme is for another server (RFC 9110, 7.4)',
  method: 'a method that nobody registered is refused (RFC 9110, 9.1)',
  header: 'a line without a colon, a name that is no token or a value with control characters ' +
    '(RFC 9112, 5 and RFC 9110, 5.5)',
  host: 'anything but one valid Host is refused (RFC 9112, 3.2)',
  headSize: 'a server sets limits to heads (RFC 9110, 5.4)',
  length: 'an invalid Content-Length cannot be recovered from (RFC 9112, 6.3)',
  coding: 'codings but one `chunked` are not known here (RFC 9112, 6.1)',
  tab: 'a tab beside the length of a body is taken by few (RFC 9110, 5.6.3 has it)',
  framing: 'Transfer-Encoding beside a length or in HTTP/1.0 is faulty framing (RFC 9112, 6.1)',
  bodySize: 'bodies end at 256 KB (RFC 9110, 15.5.14)',
  contentCoding: 'content codings are not undone here (RFC 9110, 15.5.16)',
  expectation: 'an expectation that is not known may get 417 (RFC 9110, 10.1.1)',
  chunkSize: 'only hexadecimal digits, at most eight, stand before the end or `;` (RFC 9112, 7.1)',
  chunkExtension: 'chunk extensions are bounded (RFC 9112, 7.1.1)',
  chunkEnd: 'CR LF must follow a chunk\'s bytes (RFC 9112, 7.1)',
  trailer: 'a trailer line has the form of a header line (RFC 9112, 7.1.2)',
  trailerSize: 'a server sets limits to trailers (RFC 9112, 7.1.2 and RFC 9110, 5.4)',
};

// What allocd says when it refuses, and why that is so.
const kSaid = [
  [/^a line that does not end with CR LF$/, stricter.bareLf],
  [/^nothing but empty lines$/, stricter.emptyLines],
  [/^no request line$/, stricter.requestLine],
  [/^no HTTP$/, stricter.version],
  [/^only HTTP\/1\.1 and 1\.0 are spoken here$/, stricter.otherVersion],
  [/^the target has characters that belong in no target$/, stricter.target],
  [/^the target is too long$/, stricter.longTarget],
  [/^`\*` is a target of OPTIONS only$/, stricter.targetForm],
  [/^the target does not begin with `\/`$/, stricter.targetForm],
  [/^the target is no address of ours$/, stricter.authority],
  [/^unknown method$/, stricter.method],
  [/^a header line that is none$/, stricter.header],
  [/^(no Host|more than one Host|Host is no host)$/, stricter.host],
  [/^(too many header lines|the head is too long)$/, stricter.headSize],
  [/^(more than one Content-Length|Content-Length is not a number)$/, stricter.length],
  [/^Transfer-Encoding must be `chunked`, once$/, stricter.coding],
  [/^a tab beside the length of a body$/, stricter.tab],
  [/^Transfer-Encoding does not go with this request$/, stricter.framing],
  [/^the body has more than \d+ bytes$/, stricter.bodySize],
  [/^a body with a Content-Encoding is not taken$/, stricter.contentCoding],
  [/^unknown expectation$/, stricter.expectation],
  [/^a chunk without a size$/, stricter.chunkSize],
  [/^(a chunk's first line is too long|more chunk extensions than anyone needs)$/,
    stricter.chunkExtension],
  [/^a chunk longer than its size$/, stricter.chunkEnd],
  [/^a trailer that is none$/, stricter.trailer],
  [/^(too many trailers|the trailers are too long)$/, stricter.trailerSize],
];
export const reasonOf = (said) => kSaid.find(([text]) => text.test(said))?.[1];

// Another refuses, or makes something else of it.
export const others = {
  wordClose: 'nginx finds `close` inside of words (RFC 9110, 7.6.1 lists whole ones)',
  pri: 'Node.js keeps PRI for the preface of HTTP/2 (RFC 9113, 3.4)',
  trace: 'nginx refuses TRACE for every resource (RFC 9110, 9.3.8)',
  asterisk: 'nginx has no asterisk form (RFC 9112, 3.2.4)',
  dots: 'nginx refuses dots that leave the root (RFC 3986, 5.2.4 drops them)',
  escapes: 'nginx reads escapes while it frames (RFC 3986, 2.1); here there is no such path',
  host: 'nginx wants a name with single dots in it (RFC 3986, 3.2.2 has more forms)',
  emptyHost: 'nginx refuses an empty Host (RFC 9112, 3.2 has it where there is no authority)',
  namelessExtension: 'Node.js wants an extension\'s name (RFC 9112, 7.1.1); it means nothing here',
  blankExtension: 'Node.js takes no blanks around extensions (RFC 9112, 7.1.1 has them)',
  trailerFields: 'Node.js reads framing in trailers (RFC 9110, 6.5.1 lets them be dropped)',
  expectTwice: 'nginx refuses a second Expect (RFC 9110, 10.1.1 has a list)',
  upgrade: 'Node.js drops what follows an upgrade that it ignores (RFC 9110, 7.8)',
  tab: 'nginx takes no tab beside a host (RFC 9110, 5.6.3 has it)',
};

// Where allocd takes more for a request outside of the table: what is in the bytes, and what the
// other says. Asked only where all others disagree with allocd.
const kLax = {
  node: [
    [/^0+(;.*)?\r\n(.+\r\n)*(content-length|transfer-encoding):/im, /INVALID_(CONTENT|TRANSFER)/,
      others.trailerFields],
    [/^[\da-f]+;/im, /STRICT/, others.namelessExtension],
    [/^[\da-f]+.*[ \t]/im, /CHUNK_SIZE/, others.blankExtension],
    [/^PRI /m, /INVALID_VERSION/, others.pri],
    [/^upgrade:/im, /^0/, others.upgrade],
  ],
  nginx: [
    [/^host:[^\r\n]*\t/im, /400|501/, others.tab],
    [/^host: *\r$/im, /400/, others.emptyHost],
    [/^\S+ https?:\/\/[^/?\s]*[^\w.\-/?\s]/im, /400/, others.host],
    [/^host:.*(\.\.|: *:)/im, /400/, others.host],
    [/^TRACE /m, /405/, others.trace],
    [/^OPTIONS \* /m, /400/, others.asterisk],
    [/^\S+ \S*\/\.\./m, /400/, others.dots],
    [/^\S+ [^\s?]*%/m, /400/, others.escapes],
    [/^expect:[^]*^expect:/im, /400/, others.expectTwice],
    [/^connection:.*close/im, /^0/, others.wordClose],
  ],
};
export const laxBecause = (who, bytes, said) =>
  kLax[who].find(([text, words]) => text.test(bytes) && words.test(said))?.[2];
