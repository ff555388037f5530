/** `lawang clients …`: what files would change, the registry as files, and stopping an app at once. */
import { type Config, readConfig } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import { loadAgency } from '#src/registry/agencies.ts';
import type { ChangePlan } from '#src/registry/changes.ts';
import { checkNow } from '#src/registry/checks/check-now.ts';
import { listFindings } from '#src/registry/checks/findings.ts';
import { hasItsHosts } from '#src/registry/checks/hosts.ts';
import { moveClient } from '#src/registry/client-life.ts';
import { type ClientRecord, loadClient } from '#src/registry/clients.ts';
import { type Drift, eachClient, findDrift, type PlannedClient } from '#src/registry/drift.ts';
import { exportRegistration } from '#src/registry/registration-export.ts';
import { RegistrationError, readRegistrations } from '#src/registry/registrations.ts';
import { findSuspension } from '#src/registry/versions.ts';
import { tellMoved } from '#src/web/change-notices.ts';
import { exportBundle } from './client-bundles.ts';
import { type Command, OutOfPlace, WrongInput } from './command.ts';
import { withDatabase, withSecrets } from './open.ts';
import { toTable } from './text.ts';

export const planClients: Command = {
  usage: 'FILE…',
  operands: { min: 1, max: 10_000 },
  summary: 'show where the registry differs from the files, and what applying them would do; needs no secrets',
  run: async ({ operands, environment }) => {
    const config = readConfig(environment);
    const { registrations, mistakes } = await readRegistrations(operands, config);
    if (mistakes.length > 0) throw new RegistrationError(mistakes);
    const options = { actor: 'command', environment, mode: config.mode };
    const drift = await withSecrets(config, (database, secrets) =>
      findDrift(database, secrets, registrations, options),
    );
    const problems = drift.clients.flatMap(({ clientId, refused }) =>
      refused === undefined ? [] : [`${clientId}: ${refused}`],
    );
    return { data: dataOf(drift), text: describeDrift(drift), problems };
  },
};

function dataOf({ agencies, clients, undeclared }: Drift) {
  return {
    agencies: agencies.map(({ id, isNew }) => ({ agency: id, outcome: isNew ? 'created' : 'updated' })),
    clients: clients.map(({ file, clientId, plan, refused, secret, last }) => ({
      ...{
        file,
        client_id: clientId,
        outcome: plan?.outcome ?? 'refused',
        refused: refused ?? null,
        secret: secret ?? null,
      },
      ...{ changed: plan?.changed ?? [], risky: plan?.risky ?? [], approvals_needed: plan?.approvalsNeeded ?? 0 },
      ...{ from: plan?.from ?? null, to: plan?.to ?? null, before: plan?.before ?? null, after: plan?.after ?? null },
      last_change: last ? { number: last.number, via: last.via, actor: last.actor, at: last.createdAt } : null,
    })),
    undeclared: undeclared.map(({ id, agencyId, state }) => ({ client_id: id, agency: agencyId, state })),
  };
}

function describeDrift({ agencies, clients, undeclared }: Drift): string {
  const changed = clients.filter((one) => one.plan && (one.plan.outcome !== 'unchanged' || one.secret === 'set'));
  const same = clients.length - changed.length - clients.filter(({ plan }) => !plan).length;
  return [
    ...agencies.map(({ id, isNew }) => `agency ${id} would be ${isNew ? 'created' : 'changed'}`),
    ...changed.map(describeClient),
    `${same} of ${clients.length} as the files say.`,
    ...undeclared.map(({ id, state }) => `${id} (${state}) is in no file; apply --prune would take it out of use.`),
  ].join('\n');
}

function describeClient({ clientId, plan, secret, last }: PlannedClient): string {
  if (!plan) return '';
  const moves = plan.from === plan.to ? [] : [`  state: ${plan.from} -> ${plan.to}`];
  const drifted =
    last && `  last changed by version ${last.number}, ${last.via}, ${last.actor}, ${last.createdAt.toISOString()}`;
  return [
    `${clientId} ${headline(plan)}`,
    ...plan.changed.filter((key) => key !== 'state').flatMap((key) => describeKey(plan, key)),
    ...moves,
    ...(secret === 'set' ? ['  a new secret would be set'] : []),
    ...(drifted ? [drifted] : []),
  ].join('\n');
}

/** A key of a file with what goes and what comes; a list entry by entry. */
function describeKey({ before, after, risky }: ChangePlan, key: string): string[] {
  const [gone, come] = [before, after].map((said) =>
    asLines((said as Readonly<Record<string, unknown>> | undefined)?.[key]),
  );
  return [
    `  ${key}${risky.includes(key) ? ' (risky)' : ''}`,
    ...(gone ?? []).filter((one) => !come?.includes(one)).map((one) => `    - ${one}`),
    ...(come ?? []).filter((one) => !gone?.includes(one)).map((one) => `    + ${one}`),
  ];
}

function headline({ outcome, approvalsNeeded }: ChangePlan): string {
  if (outcome === 'created')
    return `would be created${approvalsNeeded > 0 ? `, and goes live when ${approvalsNeeded} agree` : ''}`;
  if (outcome === 'unchanged') return 'says what its file says';
  return outcome === 'pending' ? `would wait until ${approvalsNeeded} agree` : 'would change at once';
}

function asLines(value: unknown): string[] {
  if (value === undefined) return [];
  return [value].flat().map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
}

export const exportClients: Command = {
  usage: '(--agency ID | ID… | ID --bundle [--for ISSUER])',
  operands: { min: 0, max: 10_000 },
  summary:
    'print an agency and its apps as a registration file, secrets by the name of their variable; with --bundle one app and ' +
    'the evidence of its trial, signed for one deployment (BUNDLE_RECEIVER), secrets left out',
  options: { agency: { type: 'string' }, bundle: { type: 'boolean' }, for: { type: 'string' } },
  run: async ({ operands, options, environment }) => {
    if (options.bundle === true) {
      const [id] = operands;
      if (id === undefined || operands.length > 1 || options.agency !== undefined)
        throw new WrongInput('--bundle takes the id of one app.');
      return exportBundle(readConfig(environment), id, options.for);
    }
    const asked = typeof options.agency === 'string' ? options.agency : undefined;
    if ((asked === undefined) === (operands.length === 0)) throw new WrongInput('either --agency or ids are needed.');
    const { agency, clients } = await withDatabase(readConfig(environment), async (database) => {
      const named = await Promise.all(operands.map((id) => loadClient(database, id)));
      const [agencyId = '', ...others] =
        asked === undefined ? new Set(named.map((client) => client.agencyId)) : [asked];
      if (others.length > 0) throw new WrongInput('a file has the apps of one agency; these are of several.');
      const all = asked === undefined ? named : await Array.fromAsync(eachClient(database, asked));
      return { agency: await loadAgency(database, agencyId), clients: all.filter(({ state }) => state !== 'retired') };
    });
    const text = exportRegistration(agency, clients);
    return { data: { agency: agency.id, clients: clients.map(({ id }) => id), yaml: text }, text: text.trimEnd() };
  },
};

export const suspendOne: Command = {
  usage: 'ID --reason TEXT',
  operands: { min: 1, max: 1 },
  summary:
    "stop an app at once: nobody signs in there, and what it holds is good for nothing; its agency's owners are told",
  options: { reason: { type: 'string' } },
  run: (call) => move(call, 'suspended'),
};

export const resumeOne: Command = {
  usage: 'ID --reason TEXT',
  operands: { min: 1, max: 1 },
  summary: 'let an app run again that was stopped; where a host was lost, only once it is found again',
  options: { reason: { type: 'string' } },
  run: (call) => move(call, 'live'),
};

async function move(
  { operands: [clientId = ''], options, environment }: Parameters<Command['run']>[0],
  to: 'suspended' | 'live',
) {
  const reason = typeof options.reason === 'string' ? options.reason.trim() : '';
  if (!reason) throw new WrongInput('--reason is missing.');
  const config = readConfig(environment);
  const client = await withSecrets(config, async (database, secrets) => {
    if (to === 'live') await demandHosts(database, config, clientId);
    return database.transaction(async (tx): Promise<ClientRecord> => {
      const moved = await moveClient(tx, { clientId, to, actor: 'command', via: 'command', reason });
      const change = to === 'suspended' ? 'stopped' : 'resumed';
      if (moved) await tellMoved({ config, secrets }, tx, moved.client, { change, reason });
      return moved?.client ?? (await loadClient(tx, clientId));
    });
  });
  const data = { client_id: client.id, state: client.state, version: client.number };
  return { data, text: toTable([[client.id, client.state, `version ${client.number}`]]) };
}

/** What was stopped since a host was lost is looked at once more. @throws {OutOfPlace} while it is */
async function demandHosts(database: Database, config: Config, clientId: string): Promise<void> {
  const stop = await findSuspension(database, clientId);
  if (stop?.via !== 'job') return;
  await checkNow(database, config, clientId);
  const client = await loadClient(database, clientId);
  if (!hasItsHosts(client, await listFindings(database, clientId), stop.createdAt))
    throw new OutOfPlace(`A host of ${clientId} is lost (${stop.reason}), so it stays as it is.`);
}
