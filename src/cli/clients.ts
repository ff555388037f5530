/** `lawang clients`: the apps in the registry, and the files that declare them. */
import { readConfig } from '#src/base/config.ts';
import type { Database, Db } from '#src/base/database.ts';
import type { Changed } from '#src/registry/changes.ts';
import { type ClientRecord, listClients, loadClient } from '#src/registry/clients.ts';
import { listUndeclared, pruneClients } from '#src/registry/drift.ts';
import {
  type Applied,
  applyRegistrations,
  type Registration,
  RegistrationError,
  readRegistrations,
  validateRegistrations,
} from '#src/registry/registrations.ts';
import { tellBrokenGlass } from '#src/web/change-notices.ts';
import { applyBundleFile, readBundleFiles } from './client-bundles.ts';
import { type Call, type Command, WrongInput } from './command.ts';
import { withDatabase, withSecrets } from './open.ts';
import { toTable } from './text.ts';

const files = { usage: 'FILE…', operands: { min: 1, max: 10_000 } } as const;

export const validateClients: Command = {
  ...files,
  summary: 'check registration files without touching the registry',
  run: async ({ operands, environment }) => {
    const { agencies, clients, messages } = await validateRegistrations(operands, readConfig(environment));
    const text = `${count(clients, 'client')} of ${count(agencies, 'agency', 'agencies')}: nothing wrong.`;
    const data = { ok: messages.length === 0, agencies, clients, mistakes: messages };
    return messages.length === 0 ? { data, text } : { data, text: '', problems: messages };
  },
};

export const applyClients: Command = {
  usage: 'FILE… [--reason TEXT] [--prune] [--break-glass REASON]',
  operands: files.operands,
  summary:
    'make the registry say what the files say; running servers follow within five seconds. A file may be a signed bundle ' +
    'too, of a deployment that BUNDLE_SENDERS names. --prune takes other apps of these agencies out of use; --break-glass ' +
    'lets risky changes take effect without approval, and tells whom it concerns',
  options: { reason: { type: 'string' }, prune: { type: 'boolean' }, 'break-glass': { type: 'string' } },
  run: async ({ operands, options, environment }) => {
    const config = readConfig(environment);
    const { bundles, others } = await readBundleFiles(config, operands);
    const { registrations, mistakes } = await readRegistrations(others, config);
    if (mistakes.length > 0) throw new RegistrationError(mistakes);
    const breakGlass = readReason(options, 'break-glass');
    const how = { actor: 'command', environment, mode: config.mode, reason: readReason(options, 'reason'), breakGlass };
    const rows = await withSecrets(config, async (database, secrets) => {
      const onBrokenGlass = (tx: Db, changed: Changed) =>
        tellBrokenGlass({ config, secrets }, tx, changed, breakGlass ?? '');
      const applied = await applyRegistrations(database, secrets, registrations, { ...how, onBrokenGlass });
      const taken: Applied[] = [];
      for (const each of bundles) taken.push(await applyBundleFile(database, secrets, each, config));
      const pruned = options.prune === true ? await prune(database, registrations) : [];
      return [...applied, ...taken, ...pruned];
    });
    const data = rows.map(({ file, clientId, outcome, state }) => ({ file, client_id: clientId, outcome, state }));
    return { data, text: toTable(rows.map(({ clientId, outcome, state }) => [clientId, outcome, state])) };
  },
};

function readReason(options: Call['options'], name: string): string | undefined {
  const given = options[name];
  if (given === undefined) return undefined;
  const reason = String(given).trim();
  if (!reason) throw new WrongInput(`--${name} needs a reason.`);
  return reason;
}

async function prune(database: Database, registrations: readonly Registration[]) {
  const moved = await database.transaction(async (tx) =>
    pruneClients(tx, await listUndeclared(tx, registrations), 'command'),
  );
  return moved.map(({ client }) => ({ file: null, clientId: client.id, outcome: 'pruned', state: client.state }));
}

export const showClients: Command = {
  usage: '[--agency ID]',
  summary: 'list the apps',
  options: { agency: { type: 'string' } },
  run: async ({ options, environment }) => {
    const agency = typeof options.agency === 'string' ? { agencyId: options.agency } : {};
    const clients = await withDatabase(readConfig(environment), async (database) => {
      const all: ClientRecord[] = [];
      for (;;) {
        const page = await listClients(database, { ...agency, after: all.at(-1)?.id ?? '', limit: 500 });
        if (page.length === 0) return all;
        all.push(...page);
      }
    });
    const data = clients.map(({ id, agencyId, state, type, name }) => {
      return { client_id: id, agency: agencyId, state, type, name: name.id };
    });
    const rows = data.map(({ client_id, agency: agencyId, state, type, name }) => [
      client_id,
      agencyId,
      state,
      type,
      name,
    ]);
    return { data, text: toTable([['CLIENT', 'AGENCY', 'STATE', 'TYPE', 'NAME'], ...rows]) };
  },
};

export const showClient: Command = {
  usage: 'ID',
  summary: 'show one app as it is registered; secrets only by when they end',
  operands: { min: 1, max: 1 },
  run: async ({ operands: [id = ''], environment }) => {
    const client = await withDatabase(readConfig(environment), (database) => loadClient(database, id));
    const data = { ...client, secrets: client.secrets.map(({ expiresAt }) => ({ expiresAt: expiresAt ?? null })) };
    return { data, text: describe(client) };
  },
};

function describe({ agency, claims, secrets, ...client }: ClientRecord): string {
  const rows = Object.entries(client).flatMap(([name, value]) => (value === undefined ? [] : [[name, toCell(value)]]));
  const live = secrets.map(({ expiresAt }) => (expiresAt ? `until ${expiresAt.toISOString()}` : 'without end'));
  const asked = claims.map(({ claim, required, basis, purposeEn }) => {
    return ['', claim, required ? 'required' : 'optional', basis, purposeEn];
  });
  const about = toTable([['agency', agency.legalName], ...rows, ['secrets', live.join(', ') || 'none']]);
  return asked.length === 0 ? about : `${about}\nclaims\n${toTable(asked)}`;
}

function toCell(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(' ');
  return JSON.stringify(value);
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
