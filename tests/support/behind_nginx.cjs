// A real nginx with packaging/nginx/allocd.conf in front of instances of allocd on Unix sockets, all in
// a folder of its own. Used by tests that are scripts.
'use strict';
const assert = require('node:assert');
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { answerOf, freePort, until } = require('./scripts.cjs');

const sources = path.join(__dirname, '../..');

class Scene {
  constructor(name, binary) {
    this.binary = path.resolve(binary);
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), `allocd-${name}-`));
    fs.chmodSync(this.folder, 0o755); // nginx's workers are somebody else
    this.children = new Set();
    this.agent = new https.Agent({ keepAlive: true, maxSockets: 16 });
  }

  at(name) { return path.join(this.folder, name); }

  start(command, args) {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => (child.said += data));
    child.ended = once(child, 'exit').then(() => this.children.delete(child));
    this.children.add(child);
    return child;
  }

  // `settings`: further lines of its configuration, `rules` among them.
  async startInstance(name, settings, adminListen = '127.0.0.1:0') {
    const file = this.at(`${name}.yaml`);
    fs.writeFileSync(file, `listen: unix:${this.at(`${name}.sock`)}\nadminListen: ${adminListen}\n` +
      `log: {level: info}\n${settings}`);
    const child = this.start(this.binary, ['serve', '--config', file]);
    await until(`${name} to serve`, () => {
      assert.strictEqual(child.exitCode, null, child.said);
      return child.said.includes('serving');
    });
    return child;
  }

  // The packaged file, with the lines that each operator changes.
  configuration(instances) {
    let text = fs.readFileSync(path.join(sources, 'packaging/nginx/allocd.conf'), 'utf8');
    const replace = (line, by) => {
      assert(text.includes(line), `the packaged configuration has no ${line}`);
      text = text.replace(line, by);
    };
    const options = 'max_fails=0;';
    replace(`server unix:/run/allocd/webhook.sock ${options}`,
      instances.map((name) => `server unix:${this.at(`${name}.sock`)} ${options}`).join('\n'));
    replace('listen 443 ssl;', `listen 127.0.0.1:${this.port} ssl;`);
    replace('/etc/nginx/tls/alloc.example.com.pem', this.at('cert.pem'));
    replace('/etc/nginx/tls/alloc.example.com.key', this.at('key.pem'));
    replace('/var/log/nginx/allocd.log', this.at('access.log'));
    const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((kind) => `${kind}_temp_path ${this.at(kind)};`).join('\n');
    return `daemon off;\nworker_processes 2;\npid ${this.at('nginx.pid')};\n` +
      `error_log ${this.at('error.log')} warn;\nevents { worker_connections 512; }\n` +
      `http {\n${scratch}\n${text}\n}\n`;
  }

  async startNginx(instances) {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
      '-nodes', '-days', '2', '-subj', '/CN=alloc.example.com',
      '-addext', 'subjectAltName=DNS:alloc.example.com',
      '-keyout', this.at('key.pem'), '-out', this.at('cert.pem')], { stdio: 'ignore' });
    this.ca = fs.readFileSync(this.at('cert.pem'));
    this.port = await freePort();
    fs.writeFileSync(this.at('nginx.conf'), this.configuration(instances));
    const nginx = this.start('nginx', ['-c', this.at('nginx.conf'), '-e', this.at('error.log')]);
    await until('nginx', async () => {
      assert.strictEqual(nginx.exitCode, null, nginx.said);
      return this.ask({ method: 'GET', target: '/' }).then(() => true, () => false);
    });
  }

  // Through nginx and TLS.
  ask({ method = 'POST', target = '/allocate', body = '' } = {}) {
    return answerOf(https.request({ agent: this.agent, host: '127.0.0.1', port: this.port, method,
      path: target, servername: 'alloc.example.com', ca: this.ca,
      headers: { 'Content-Length': Buffer.byteLength(body) } }), body);
  }

  cleanUp() {
    for (const child of this.children) child.kill('SIGKILL');
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  // Runs `main` and ends the process: 0, or 1 with what went wrong.
  async play(main) {
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => (this.cleanUp(), process.exit(1)));
    let code = 0;
    try {
      await main();
    } catch (error) {
      code = 1;
      console.error(error);
      if (fs.existsSync(this.at('error.log')))
        console.error(fs.readFileSync(this.at('error.log'), 'utf8').split('\n').slice(-20).join('\n'));
    }
    this.agent.destroy();
    this.cleanUp();
    process.exit(code);
  }
}

// Asks without a pause, with sixteen at a time, until `end()`; `one()` resolves to what failed, if
// anything did.
class Load {
  constructor(one) {
    this.asked = 0;
    this.failures = [];
    this.workers = Array.from({ length: 16 }, async () => {
      while (!this.ending) {
        const failure = await one().catch(String);
        ++this.asked;
        if (failure) this.failures.push(failure);
      }
    });
  }

  async more(count) {
    const from = this.asked;
    await until('requests', () => this.asked >= from + count || this.failures.length > 0);
  }

  async end() {
    this.ending = true;
    await Promise.all(this.workers);
    assert.deepStrictEqual(this.failures.slice(0, 3), [],
      `${this.failures.length} of ${this.asked} requests failed`);
  }
}

module.exports = { Scene, Load, sources };
