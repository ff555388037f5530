// Keeps what Node.js has compiled beside the packages it comes from, which takes a third off every later start. Node's own
// default is a shared temporary directory, where anybody on the machine may have put code for us to run; beside the
// packages, whoever could do that could change the packages themselves.
// Plain JavaScript, because TypeScript that is loaded before the cache would not be in it.
import { lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const directory = fileURLToPath(new URL('../node_modules/.cache/lawang', import.meta.url));

/** Does nothing where the program's files are not this user's: such an installation starts a little slower. */
export function openCompileCache() {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (isOurs(directory)) enableCompileCache(directory);
  } catch {
    // It cannot be written here.
  }
}

/** Windows has no such owner and mode; there the directory inherits the rights of the packages. */
function isOurs(path) {
  const { uid, mode } = lstatSync(path);
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
}
