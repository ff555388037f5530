/** What a sandbox prints when it stands: what to open and whom to sign in as. */
import type { Config } from '#src/base/config.ts';

/** Printed at once, since making the database takes seconds the first time. */
export function preparing({ brand }: Config): string {
  return `\n  ${brand} sedang disiapkan … / ${brand} is getting ready …\n`;
}

/** Lines for a person at a terminal, in Bahasa Indonesia and English. */
export function welcome(
  config: Config,
  options: { sampleApps: readonly string[]; logFile: string | undefined },
): string {
  const { issuer } = config;
  const [health, tax] = options.sampleApps;
  const rows: [string, string | false | undefined][] = [
    ['Buka / Open', health && `${health}  Puskesmas Online`],
    ['', tax && `${tax}  Pajak Daerah`],
    ['Akun / Account', `${issuer}/account`],
    ['Konsol / Console', `${issuer}/console`],
    ['Pesan / Messages', `${issuer}/sandbox/outbox`],
    ['Masuk sebagai / Sign in as', config.seed === 'example' && 'siti@contoh.id, budi@contoh.id, dewi@contoh.id'],
    ['Pengelola / Admins', config.seed === 'example' && 'ratna@contoh.id (Dinas Kesehatan), made@contoh.id (Negara)'],
    ['Kata sandi / Password', config.seed === 'example' && 'lawang-sandbox'],
    ['Catatan / Log', options.logFile],
    ['Berhenti / Stop', 'Ctrl-C'],
  ];
  const lines = rows.flatMap(([label, value]) => (value ? [`  ${label.padEnd(28)}${value}`] : []));
  return `\n  ${config.brand} siap / ${config.brand} is ready\n\n${lines.join('\n')}\n\n`;
}
