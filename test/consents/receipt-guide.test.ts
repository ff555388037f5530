/** What docs/receipts.md shows for checking a receipt oneself, run as it stands. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { receiptKeysOf, signReceipt } from '#src/oidc/receipts.ts';
import { newSigningKey, SigningKey, signToken } from '#src/oidc/signing-keys.ts';
import { python, pythonLacks } from '#test/support/python.ts';
import { sampleContent } from '#test/support/receipts.ts';

const root = new URL('../../', import.meta.url);
const guide = readFileSync(new URL('docs/receipts.md', root), 'utf8');

let folder: string;
let genuine: string;
/** What no reader may take for a receipt of this issuer, by what is wrong with it. */
const wrong: Record<string, string> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lawang-guide-'));
  const [own, stranger, revoked] = await Promise.all([newKey(), newKey(), newKey()]);
  genuine = signReceipt({ receipts: [own.key] }, sampleContent);
  const [head = '', content = '', signature = ''] = genuine.split('.');
  const otherContent = Buffer.from(JSON.stringify({ ...sampleContent, sub: 'orang-lain' })).toString('base64url');
  Object.assign(wrong, {
    'other words': `${head}.${otherContent}.${signature}`,
    'an unknown key': signReceipt({ receipts: [stranger.key] }, sampleContent),
    'a revoked key': signReceipt({ receipts: [revoked.key] }, sampleContent),
    'another type': signToken(own.key, 'JWT', sampleContent),
    'another issuer': signReceipt({ receipts: [own.key] }, { ...sampleContent, iss: 'https://lain.contoh.go.id' }),
    'no signature': `${Buffer.from('{"alg":"none","typ":"permission-receipt+jwt"}').toString('base64url')}.${content}.`,
  });
  const keys = receiptKeysOf(
    { receipts: [own.key], revokedReceipts: [{ publicJwk: revoked.publicJwk, revokedAt: new Date() }] },
    sampleContent.iss,
  );
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(keys));
  for (const [language, name] of [
    ['js', 'check.mjs'],
    ['python', 'check.py'],
    ['go', 'check.go'],
  ] as const) {
    const [, code = ''] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm').exec(guide) ?? [];
    writeFileSync(join(folder, name), code);
  }
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(new URL('node_modules/jose', root).pathname, join(folder, 'node_modules', 'jose'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function newKey() {
  const made = await newSigningKey('ES256');
  return { key: new SigningKey({ ...made, algorithm: 'ES256' }), publicJwk: made.publicJwk ?? {} };
}

const hasGo = spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0;
const run = promisify(execFile);

interface Reader {
  readonly language: string;
  /** Why it cannot be run here. */
  readonly lacks: string | undefined;
  readonly make?: readonly string[];
  readonly check: readonly string[];
}

const readers: readonly Reader[] = [
  { language: 'Node.js', lacks: undefined, check: [process.execPath, 'check.mjs'] },
  { language: 'Python', lacks: pythonLacks('jwt', 'cryptography'), check: [python, 'check.py'] },
  {
    language: 'Go',
    lacks: hasGo ? undefined : 'no Go here',
    make: ['go', 'build', '-o', 'check', 'check.go'],
    check: ['./check'],
  },
];

// A compiler that has compiled nothing yet takes its time.
test.for(readers)('$language', { timeout: 300_000 }, async ({ lacks, make, check }, { skip }) => {
  skip(lacks !== undefined, lacks);
  const start = ([program = '', ...parameters]: readonly string[]) => run(program, parameters, { cwd: folder });
  const read = (receipt: string) => {
    writeFileSync(join(folder, 'receipt.jws'), `${receipt}\n`);
    return start(check);
  };
  if (make) await start(make);
  const { stdout, stderr } = await read(genuine);
  expect([JSON.parse(stdout), stderr]).toEqual([sampleContent, '']);
  for (const [what, receipt] of Object.entries(wrong))
    await expect(read(receipt), what).rejects.toMatchObject({ code: 1, stdout: '' });
});
