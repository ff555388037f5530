// Puts the pinned Node.js first on the PATH of npm scripts, where npm itself did not: npm 10 installs the package for this
// platform, leaves out those for others, and with them removes node_modules/.bin/node, whose name they all share.
// Plain JavaScript that any Node.js since 14 can read, because it runs under the machine's own.
import { existsSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const modules = join(dirname(dirname(fileURLToPath(import.meta.url))), 'node_modules');
const platform = `${process.platform}-${process.arch}`;
const pinned = [`node-${platform}`, `node-bin-${platform}`].find((name) =>
  existsSync(join(modules, name, 'bin', 'node')),
);
const link = join(modules, '.bin', 'node');

if (pinned && !existsSync(link)) {
  try {
    symlinkSync(join('..', pinned, 'bin', 'node'), link);
  } catch (error) {
    if (error.code !== 'EEXIST')
      process.stderr.write(`The pinned Node.js cannot be linked at ${link}: ${error.message}\n`);
  }
}
