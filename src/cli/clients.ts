/** `lawang clients`: the apps in the registry, and the files that declare them. */
import { readConfig } from '#src/base/config.ts';
import { type ClientRecord, listClients, loadClient } from '#src/registry/clients.ts';
import {
  applyRegistrations,
  RegistrationError,
  readRegistrations,
  validateRegistrations,
} from '#src/registry/registrations.ts';
import type { Command } from './command.ts';
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
  ...files,
  summary: 'make the registry say what the files say; running servers follow within five seconds',
  run: async ({ operands, environment }) => {
    const config = readConfig(environment);
    const { registrations, mistakes } = await readRegistrations(operands, config);
    if (mistakes.length > 0) throw new RegistrationError(mistakes);
    const applied = await withSecrets(config, (database, secrets) =>
      applyRegistrations(database, secrets, registrations, { actor: 'command', environment, mode: config.mode }),
    );
    const data = applied.map(({ file, clientId, outcome, state }) => ({ file, client_id: clientId, outcome, state }));
    return { data, text: toTable(applied.map(({ clientId, outcome, state }) => [clientId, outcome, state])) };
  },
};

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
