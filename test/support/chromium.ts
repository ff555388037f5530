import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { inflate } from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

/** A browser program, and the environment in which it finds its libraries and fonts. */
export interface Chromium {
  executablePath: string;
  env: Record<string, string>;
}

const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
];
const SYSTEM_NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Opens a browser without a window; the caller closes it. */
export async function launchChromium(found?: Chromium): Promise<Browser> {
  const { executablePath, env } = found ?? (await findChromium());
  return chromium.launch({ executablePath, args: FLAGS, env: { ...process.env, ...env } });
}

/** `CHROMIUM_PATH`, or the system's, or the one that npm brought. */
export async function findChromium(): Promise<Chromium> {
  const { CHROMIUM_PATH } = process.env;
  const executablePath = CHROMIUM_PATH || (await findOnPath());
  return executablePath ? { executablePath, env: {} } : unpackChromium();
}

async function findOnPath(): Promise<string | undefined> {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of SYSTEM_NAMES) {
      if (await isExecutable(join(directory, name))) return join(directory, name);
    }
  }
  return undefined;
}

/**
 * Chromium from the npm package `@sparticuz/chromium` (Linux on x64). It brings every library that a bare system lacks,
 * and one font family. Unpacked once per installation, beside the other things in node_modules; about two seconds.
 */
export async function unpackChromium(): Promise<Chromium> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('No Chromium found: install one, or set CHROMIUM_PATH to its program.');
  }
  const packageDir = dirname(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')));
  const { version } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as { version: string };
  const home = join(dirname(dirname(packageDir)), '.cache', `chromium-${version}`);
  if (!(await isExecutable(join(home, 'chromium')))) await unpackInto(home, join(packageDir, 'bin'));
  return {
    executablePath: join(home, 'chromium'),
    env: { LD_LIBRARY_PATH: join(home, 'al2023', 'lib'), FONTCONFIG_FILE: join(home, 'fonts.conf') },
  };
}

/** Complete or not at all, also when several test files do it at once: the first to finish gives its copy the name. */
async function unpackInto(home: string, archives: string): Promise<void> {
  const draft = `${home}.${randomBytes(8).toString('hex')}`;
  await mkdir(draft, { recursive: true });
  try {
    await inflateInto(draft, archives);
    await writeFile(join(draft, 'fonts.conf'), fontConfiguration(home));
    await rename(draft, home).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** The package unpacks into the directory for temporary files as it is at the moment of the call, and nowhere else. */
async function inflateInto(directory: string, archives: string): Promise<void> {
  const { TMPDIR } = process.env;
  process.env.TMPDIR = directory;
  const names = ['chromium.br', 'fonts.tar.br', 'swiftshader.tar.br', 'al2023.tar.br'];
  const inflating = names.map((name) => inflate(join(archives, name)));
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  await Promise.all(inflating);
}

/** The package's own names only directories of the system it was made for. */
function fontConfiguration(home: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(home, 'fonts')}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(home, 'fonts-cache')}</cachedir>
</fontconfig>
`;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
