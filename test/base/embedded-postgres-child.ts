// A process of its own that holds an embedded PostgreSQL on the directory given, until it is killed.
import { startEmbeddedPostgres } from '#src/base/embedded-postgres.ts';

process.on('SIGINT', () => process.stdout.write('interrupted\n'));
const [dataDir = ''] = process.argv.slice(2);
const { url } = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } });
process.stdout.write(`${url}\n`);
setInterval(() => {}, 60_000);
