// docs/deploy.md held to what it speaks of: the files in ops/, wrangler.toml, wrangler itself and the commands
// of this repository. Whoever follows the page finds each name, file and flag as it says.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseArguments } from '../cli/arguments.ts';
import { configurationProblems, REQUIRED_SECRETS, standsOn } from '../core/deployment.ts';
import { environmentsOf } from '../local/deployments.ts';
import { nodeBinary, repoRoot } from '../local/home.ts';
import { runCommand } from '../local/run-command.ts';

const read = (...path: string[]) => readFileSync(join(repoRoot, ...path), 'utf8');
const page = read('docs', 'deploy.md');
const instructions = read('ops', 'README.md');
const toml = read('wrangler.toml');
const agentEnv = read('ops', 'launchd', 'agent.env');

const all = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, found = '']) => found)),
];
/** The section of a heading, to the next one of its kind. */
const section = (heading: string): string => {
  const [, rest = ''] = page.split(`\n## ${heading}`);
  return rest.split('\n## ')[0] ?? '';
};
const blocks = (text: string, language: string): string[] =>
  all(text, new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'));
const shellLines = (text: string): string[] =>
  blocks(text, 'sh').flatMap((block) => block.split('\n').filter((line) => line.trim() !== ''));
/** What stands between backticks in a line, and each line of a shell block. */
const commands = [
  ...all(page.replaceAll(/^```[\s\S]*?^```/gm, ''), /`([^`\n]+)`/g),
  ...shellLines(page),
];
const mac = section('5. The Mac');

describe('the step on the Mac', () => {
  test('does what ops/README.md does, in its words', () => {
    const own = /^(git clone|npm start|tail )/;
    const lines = shellLines(mac).filter((line) => !own.test(line));
    expect(lines.length).toBeGreaterThanOrEqual(10);
    expect(shellLines(instructions)).toEqual(expect.arrayContaining(lines));
    // And nothing that is done there is left out here.
    expect(lines).toEqual(expect.arrayContaining(shellLines(instructions)));
  });

  test('says what to fill in wherever agent.env is empty, and names nothing that it lacks', () => {
    const given = all(agentEnv, /^([A-Z_]+)=/gm);
    const empty = all(agentEnv, /^([A-Z_]+)=$/gm);
    const [, filling = ''] = mac.split('Fill in `~/.config/bruno/agent.env`');
    const named = all(filling.split('**Better')[0] ?? '', /`([A-Z_]+)(?: = [^`]*)?`/g);
    expect(empty).toEqual(['EDGE_URL', 'AGENT_TOKEN', 'GATEWAY_TOKEN', 'OLLAMA_HOST']);
    expect(named).toEqual(expect.arrayContaining(empty));
    expect(named.filter((name) => !given.includes(name))).toEqual(['BRUNO_URL']);
  });

  test('starts the jobs that are there, which read the files that it installs and write the logs it names', () => {
    const jobs = readdirSync(join(repoRoot, 'ops', 'launchd'))
      .filter((name) => name.endsWith('.plist'))
      .map((name) => ({
        name: name.replace('.plist', ''),
        text: read('ops', 'launchd', name),
      }));
    const named = all(page, /\bcloud\.bruno\.([a-z]+)\b/g).map((name) => `cloud.bruno.${name}`);
    expect(named.toSorted()).toEqual(jobs.map(({ name }) => name).toSorted());
    const kept = all(jobs.map(({ text }) => text).join(), /\$HOME\/(\.config\/bruno\/[\w.]+)/g);
    expect(all(mac, /~\/(\.config\/bruno\/[\w.]+)/g).toSorted()).toEqual(kept.toSorted());
    for (const { name, text } of jobs) {
      expect(text).toContain(`$HOME/Library/Logs/${name}.log`);
      expect(page).toContain(`~/Library/Logs/${name}.log`);
    }
    expect(all(page, /\b([\w.]+\.log)\b/g).toSorted()).toEqual(
      jobs.map(({ name }) => `${name}.log`).toSorted(),
    );
  });

  test('gives the Worker the base and the window that agent.env gives the agent', () => {
    const base = /^BASE_MODEL=(.+)$/m.exec(agentEnv)?.[1];
    expect(mac).toContain(`BASE_MODEL = "${base}"`);
    expect(agentEnv).toContain(`BRUNO_REPO="$HOME/bruno-loop"`);
    expect(mac).toContain('git clone YOUR-FORK ~/bruno-loop');
  });
});

describe('names', () => {
  test('every file that the page names or links to is there', () => {
    const linked = all(page, /\]\(([^)#\s]+)(?:#[^)]*)?\)/g);
    for (const path of linked) {
      expect(existsSync(join(repoRoot, 'docs', path)), path).toBe(true);
    }
    const rooms = 'ops|core|local|cli|docs|adapters|workers|functions';
    const named = all(page, new RegExp(`[\\s\`]((?:${rooms})/[\\w./*-]+)`, 'g'));
    expect(named).toEqual(expect.arrayContaining(['ops/cloudflared/config.yml']));
    for (const path of named) {
      const file = join(repoRoot, path.includes('*') ? dirname(path) : path);
      expect(existsSync(file), path).toBe(true);
    }
  });

  test('every heading of operator.md that the page links to is there', () => {
    const slug = (heading: string) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .trim()
        .replaceAll(/\s/g, '-');
    for (const file of ['operator.md', 'architecture.md']) {
      const headings = all(read('docs', file), /^#+ (.+)$/gm).map(slug);
      for (const anchor of all(page, new RegExp(`\\(${file}#([^)]+)\\)`, 'g'))) {
        expect(headings, `${file}#${anchor}`).toContain(anchor);
      }
    }
  });

  test('every setting in capitals is one that the Worker, the agent or the command line reads', () => {
    const readers = [
      toml,
      agentEnv,
      ...['core/deployment.ts', 'workers/env.ts', 'cli/settings.ts', 'cli/access.ts'].map((file) =>
        read(file),
      ),
      read('local', 'check-deploy.ts'),
    ].join('\n');
    const named = all(commands.join('\n'), /(?<![\w$-])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?!\w)/g);
    // The account's own number, in the address of its buckets.
    const unknown = named.filter((name) => !new RegExp(`\\b${name}\\b`).test(readers));
    expect(unknown).toEqual(['ACCOUNT_ID']);
    expect(named).toEqual(expect.arrayContaining([...REQUIRED_SECRETS]));
  });

  test('queues, bucket, binding and tables are those of wrangler.toml', () => {
    const production = environmentsOf(join(repoRoot, 'wrangler.toml')).find(
      ({ name }) => name === 'production',
    );
    if (production === undefined) throw new Error('there is no production');
    const created = all(page, /wrangler queues create (\S+)/g);
    expect(created.toSorted()).toEqual(standsOn(production.config).queues.toSorted());
    expect(all(page, /wrangler r2 bucket create (\S+)/g)).toEqual([
      production.config.vars.S3_BUCKET,
    ]);
    expect(all(page, /wrangler kv namespace create (\S+)/g)).toEqual(
      production.config.kv_namespaces.map(({ binding }) => binding),
    );
    for (const table of all(page, /`(\[+env\.production[^\]`]*\]+)`/g)) {
      expect(toml).toContain(`\n${table}\n`);
    }
  });
});

describe('commands', () => {
  test('every npm script is one of package.json', () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(read('package.json')));
    const named = all(page, /\bnpm run ([\w:-]+)/g);
    expect(named).toEqual(
      expect.arrayContaining(['bruno', 'secrets', 'db:migrate', 'build:pages']),
    );
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  const bruno = commands.flatMap((line) => {
    const said = /^(?:npm run bruno -- |bruno )(.+)$/.exec(line)?.[1];
    return said !== undefined ? [said] : /^(?:doctor|route|job) /.test(line) ? [line] : [];
  });
  test.each([...new Set(bruno)])('bruno understands: %s', (line) => {
    const words = line.match(/"[^"]*"|\S+/g) ?? [];
    // Complete ones only: `doctor --deploy` names the check without its environment.
    const whole = words.at(-1) === '--deploy' ? [...words, 'production'] : words;
    expect(() => parseArguments(whole)).not.toThrow();
  });

  const wrangler = commands.flatMap((line) => /npx wrangler ([^`#]+)/.exec(line)?.[1] ?? []);
  const subjects = new Set(['kv', 'queues', 'r2', 'secret', 'deployments', 'namespace', 'bucket']);
  const named = new Map<string, Set<string>>();
  for (const line of wrangler) {
    const words = line.trim().split(/\s+/);
    const end = words.findIndex((word) => !subjects.has(word)) + 1;
    const flags = named.get(words.slice(0, end).join(' ')) ?? new Set<string>();
    for (const word of words.slice(end)) if (word.startsWith('--')) flags.add(word);
    named.set(words.slice(0, end).join(' '), flags);
  }
  test('the page takes an account from nothing to a deployment, and back', () => {
    expect([...named.keys()].toSorted()).toEqual([
      ...['deploy', 'deployments list', 'kv namespace create', 'login', 'queues create'],
      ...['r2 bucket create', 'rollback', 'secret bulk', 'tail'],
    ]);
  });
  test.each([...named])('wrangler knows: %s', { timeout: 120_000 }, async (command, flags) => {
    const script = join(repoRoot, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
    const help = await runCommand(nodeBinary, [script, ...command.split(' '), '--help'], {
      purpose: `ask wrangler about ${command}`,
      timeoutMs: 110_000,
      cwd: repoRoot,
      env: { ...process.env, WRANGLER_SEND_METRICS: 'false', FORCE_COLOR: '0', CI: 'true' },
    });
    expect(help).toMatch(new RegExp(`^wrangler ${command}\\b`, 'm'));
    for (const flag of flags) expect(help).toMatch(new RegExp(`(^|\\s)${flag}\\b`, 'm'));
  });
});

describe('wrangler.toml with what the page puts into it', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bruno-deploy-page-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is an environment that may go live', () => {
    const [access = '', domain = '', ...more] = blocks(page, 'toml');
    expect(more).toEqual([]);
    const filled = access.replace('"TEAM.', '"bruno.').replace('…64 hex digits…', 'a'.repeat(64));
    const keys = all(access, /^([A-Z_]+) =/gm);
    const [before = '', production = ''] = toml.split('\n[env.production]\n');
    const changed = production
      .split('\n')
      .filter((line) => !keys.some((key) => line.startsWith(`${key} = `)))
      .join('\n')
      .replace('[env.production.vars]\n', `[env.production.vars]\n${filled}`)
      .replace(/^name = .*$/m, (line) => `${line}\n${domain}`)
      .replace('00000000000000000000000000000003', '0123456789abcdef0123456789abcdef');
    const file = join(folder, 'wrangler.toml');
    writeFileSync(file, `${before}\n[env.production]\n${changed}`);
    const config = environmentsOf(file).find(({ name }) => name === 'production')?.config;
    if (config === undefined) throw new Error('there is no production');
    expect(configurationProblems(config)).toEqual([]);
    expect(config.vars.PUBLIC_URL).toBe('https://bruno.example.com');
    expect(domain).toContain('custom_domain = true');
  });
});
