#!/usr/bin/env node
// Plain JavaScript that any Node.js since 14 can read: an older one cannot run the TypeScript behind it, and says so here.
const NEEDED = 24;

if (Number.parseInt(process.versions.node, 10) < NEEDED) {
  process.stderr.write(
    `Lawang needs Node.js ${NEEDED} or later, and this is ${process.versions.node}: ` +
      '"npm ci" installs the right one, "npm start" uses it, and "npx lawang" from then on.\n',
  );
  process.exitCode = 1;
} else {
  import('./compile-cache.js').then((cache) => cache.openCompileCache()).then(begin);
}

// The server does not wait until every other command is loaded.
function begin() {
  const args = process.argv.slice(2);
  if (args.length === 1 && args[0] === 'serve') return import('./main.ts').then((main) => main.serve());
  return import('./cli.ts').then((cli) => cli.run(args));
}
