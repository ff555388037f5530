/**
 * The declared organisation: files that say which policy areas and agencies there are and which stands above which, kept
 * under version control and applied by `lawang agencies apply`. What they do not name stays as it is.
 */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Database, Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type Agency, type AgencyDraft, findAgencies, type Outcome, saveAgency } from './agencies.ts';
import { checkOrganisation } from './organisation-schema.ts';
import { show } from './registration-findings.ts';
import { type Mistake, readSource } from './registration-source.ts';
import { RegistrationError } from './registrations.ts';
import { listSectors, type Sector, saveSector } from './sectors.ts';

/** Something declared, and where. */
type Placed<Thing> = Thing & Pick<Mistake, 'file' | 'line' | 'column'>;

/** All that some files declare. */
export interface Organisation {
  readonly sectors: readonly Placed<Sector>[];
  /** Each behind the one above it, where that is declared as well. */
  readonly agencies: readonly Placed<AgencyDraft>[];
}

/** Reads files and checks them, each alone and all together. Apply only what is without mistakes. */
export async function readOrganisation(
  paths: readonly string[],
): Promise<{ readonly organisation: Organisation; readonly mistakes: readonly Mistake[] }> {
  const sectors: Placed<Sector>[] = [];
  const agencies: Placed<AgencyDraft>[] = [];
  const mistakes: Mistake[] = [];
  for (const file of paths) {
    const source = await readSource(file);
    if ('mistakes' in source) {
      mistakes.push(...source.mistakes);
      continue;
    }
    const reading = checkOrganisation(source.content);
    if ('findings' in reading) {
      for (const finding of reading.findings)
        mistakes.push({ file, ...source.placeOf(finding), what: finding.what, expected: finding.expected });
      continue;
    }
    const placed = (list: 'sectors' | 'agencies', index: number) => ({
      file,
      ...source.placeOf({ path: [list, index], key: 'id' }),
    });
    sectors.push(...reading.sectors.map((sector, index) => ({ ...sector, ...placed('sectors', index) })));
    agencies.push(...reading.agencies.map((agency, index) => ({ ...agency, ...placed('agencies', index) })));
  }
  mistakes.push(...findTwice('sector', sectors), ...findTwice('agency', agencies));
  const { ordered, circular } = fromTheTop(agencies);
  mistakes.push(
    ...circular.map(({ file, line, column, id }) => ({
      ...{ file, line, column, what: `the agency ${show(id)} stands below itself` },
      expected: 'a parent that is not below it',
    })),
  );
  return { organisation: { sectors, agencies: ordered }, mistakes };
}

function findTwice(what: string, declared: readonly Placed<{ readonly id: string }>[]): Mistake[] {
  const first = new Map<string, string>();
  return declared.flatMap(({ id, file, line, column }) => {
    const before = first.get(id);
    first.set(id, before ?? `${file}:${line}`);
    const said = `the ${what} ${show(id)} is declared already at ${before}`;
    return before ? [{ file, line, column, what: said, expected: 'each once' }] : [];
  });
}

/** Parents before their children; what is in a circle apart. */
function fromTheTop<One extends AgencyDraft>(
  agencies: readonly One[],
): { readonly ordered: One[]; readonly circular: One[] } {
  const declared = new Set(agencies.map(({ id }) => id));
  const done = new Set<string>();
  const ordered: One[] = [];
  let left = [...agencies];
  for (;;) {
    const isNext = ({ parentId }: One) => !parentId || done.has(parentId) || !declared.has(parentId);
    const next = left.filter(isNext);
    if (next.length === 0) return { ordered, circular: left };
    for (const agency of next) done.add(agency.id);
    ordered.push(...next);
    left = left.filter((one) => !next.includes(one));
  }
}

/** What became of one agency or sector. */
export interface AppliedNode {
  readonly what: 'sector' | 'agency';
  readonly id: string;
  readonly outcome: Outcome;
}

/**
 * Makes the registry say what the files say, all in one transaction.
 *
 * @throws {RegistrationError} with a line for what the registry refuses; then nothing is applied
 */
export async function applyOrganisation(
  database: Database,
  organisation: Organisation,
  actor: string,
): Promise<AppliedNode[]> {
  return database.transaction((tx) => applyAll(tx, organisation, actor));
}

async function applyAll(tx: Db, { sectors, agencies }: Organisation, actor: string): Promise<AppliedNode[]> {
  const known = new Set((await listSectors(tx)).map(({ id }) => id));
  // A sector names its coordinator, and agencies name their sectors: whichever is new comes without the other first.
  const isNew = sectors.filter(({ id }) => !known.has(id));
  for (const sector of isNew) await at(sector, () => saveSector(tx, { ...sector, coordinatorId: undefined }, actor));
  const applied: AppliedNode[] = [];
  for (const agency of agencies) {
    const { file: _, line: __, column: ___, ...draft } = agency;
    const outcome = await at(agency, () => saveAgency(tx, draft, actor));
    applied.push({ what: 'agency', id: agency.id, outcome });
  }
  for (const sector of sectors) {
    const outcome = await at(sector, () => saveSector(tx, sector, actor));
    applied.push({ what: 'sector', id: sector.id, outcome: known.has(sector.id) ? outcome : 'created' });
  }
  return applied;
}

async function at<T>({ file, line, column }: Placed<{ readonly id: string }>, save: () => Promise<T>): Promise<T> {
  try {
    return await save();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { say, next } = error.in('en');
    throw new RegistrationError([{ file, line, column, what: `${error.message}: ${say}`, expected: next }]);
  }
}

/** The content of a file that would declare these; the inverse of reading it. */
export function organisationOf(agencies: readonly Agency[], sectors: readonly Sector[]): object {
  return {
    sectors: sectors.map(({ id, name, nameEn, isPriority, coordinatorId }) => ({
      ...{ id, name, 'name#en': nameEn },
      ...(isPriority && { priority: true }),
      ...(coordinatorId !== undefined && { coordinator: coordinatorId }),
    })),
    agencies: agencies.map(({ id, name, nameEn, legalName, domain, kind, parentId, emailDomain, sectors: of }) => ({
      ...{ id, name, 'name#en': nameEn, legal_name: legalName, domain, kind },
      ...(parentId !== null && { parent: parentId }),
      ...(emailDomain !== null && { email_domain: emailDomain }),
      ...(of.length > 0 && { sectors: of }),
    })),
  };
}

/** The same as the text of a file. */
export function printOrganisation(content: object): string {
  return stringify(content).trimEnd();
}

const exampleDirectory = new URL('../../clients/organisation/', import.meta.url);

/**
 * Puts the sandbox's policy areas and tree in (`clients/organisation`). What is there stays as its admins have made it; only
 * an agency that stands nowhere yet gets its place.
 */
export async function seedExampleOrganisation(database: Database): Promise<AppliedNode[]> {
  const files = (await readdir(exampleDirectory)).filter((name) => name.endsWith('.yaml')).sort();
  const { organisation, mistakes } = await readOrganisation(
    files.map((name) => fileURLToPath(new URL(name, exampleDirectory))),
  );
  if (mistakes.length > 0) throw new RegistrationError(mistakes);
  const { sectors, agencies } = organisation;
  const knownSectors = new Set((await listSectors(database)).map(({ id }) => id));
  const known = await findAgencies(
    database,
    agencies.map(({ id }) => id),
  );
  const placed = new Set(
    known.filter(({ parentId, kind }) => parentId !== null || kind === 'state').map(({ id }) => id),
  );
  const missing = {
    sectors: sectors.filter(({ id }) => !knownSectors.has(id)),
    agencies: agencies.filter(({ id }) => !placed.has(id)),
  };
  return applyOrganisation(database, missing, 'start');
}
